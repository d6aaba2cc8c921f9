"""A ticket's audit as its own endpoint shows it, from the event that the incremental export shows of it."""

from typing import Any

_NO_FIELD = {"id", "event_type", "type", "via", "via_reference_id", "previous_value"}


def audit_of_event(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": event["id"],
        "ticket_id": event["ticket_id"],
        "created_at": event.get("created_at"),
        "author_id": event.get("updater_id"),
        "metadata": {"system": event.get("system") or {}, "custom": {}},
        "via": event.get("via"),
        "events": [_event_of_child(child) for child in event.get("child_events") or []],
    }


def _event_of_child(child: dict[str, Any]) -> dict[str, Any]:
    """Changes name their field and its value; a comment is what it is."""
    kind = child.get("event_type")
    if kind not in ("Create", "Change"):
        return {name: value for name, value in child.items() if name != "event_type"} | {"type": kind}
    fields = [name for name in child if name not in _NO_FIELD]
    changed = {"field_name": fields[0], "value": child[fields[0]]} if fields else {}
    kept = {name: child[name] for name in ("id", "previous_value") if name in child}
    return kept | {"type": kind} | changed
