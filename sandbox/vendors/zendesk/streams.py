"""What of Zendesk can be replayed: the incremental exports, and tickets' audits and metrics from their own endpoints."""

from collections.abc import Iterable
from datetime import datetime

from sandbox.vendors.streams import Body, Stream, Unfit, at

_CHANGED = ("generated_timestamp", "updated_at", "created_at")


def event_of_audit(audit: Body) -> Iterable[tuple[str | None, Body]]:
    """A ticket event, as the incremental export gives it, from an audit of the ticket's own endpoint."""
    if missing := [name for name in ("id", "ticket_id", "created_at") if at(audit, name) is None]:
        raise Unfit(f"it has no {missing[0]!r}: write audits as /api/v2/tickets/ID/audits lists them")
    children = []
    for event in audit.get("events") or []:
        child = {name: value for name, value in event.items() if name not in ("type", "field_name", "value")}
        child["event_type"] = event.get("type")
        if "field_name" in event:
            child[event["field_name"]] = event.get("value")
        children.append(child)
    yield (
        "ticket_events",
        {
            "id": audit["id"],
            "ticket_id": audit["ticket_id"],
            "timestamp": int(datetime.fromisoformat(audit["created_at"]).timestamp()),
            "created_at": audit["created_at"],
            "updater_id": audit.get("author_id"),
            "via": audit.get("via"),
            "system": at(audit, "metadata.system"),
            "event_type": "Audit",
            "child_events": children,
        },
    )


STREAMS = {
    "tickets": Stream(changed=_CHANGED, numbers=("id",)),
    "ticket_events": Stream(changed=("timestamp", "created_at"), needs=("ticket_id",), numbers=("id",)),
    "ticket_audits": Stream(turn=event_of_audit),
    "ticket_metrics": Stream(inside=("tickets", "ticket_id", "metric_set"), needs=("ticket_id",)),
    "ticket_metric_events": Stream(changed=("time",), needs=("ticket_id",), numbers=("id",)),
    "users": Stream(changed=_CHANGED, numbers=("id",)),
    "organizations": Stream(changed=_CHANGED, numbers=("id",)),
    "satisfaction_ratings": Stream(changed=("updated_at", "created_at"), numbers=("id",)),
}
