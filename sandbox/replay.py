"""An export of one's own, served through the vendors' routes: `DIR/<vendor>/<stream>.jsonl` or `.jsonl.gz`.

One vendor record a line, as that vendor's API returns it. A vendor with a folder is replayed whole: its streams
without a file are empty. The clock hides nothing of a replay, except Amplitude's hours of the last two hours
and Mixpanel's days of the future.
"""

import gzip
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from sandbox.credentials import VENDORS
from sandbox.records import Record, ServedRecord, VendorData

STREAMS = {
    "amplitude": ("events",),
    "mixpanel": ("events", "profiles"),
    "hubspot": ("companies", "contacts", "deals", "owners", "associations"),
    "salesforce": ("accounts", "contacts", "opportunities", "opportunity_history", "leads", "users"),
    "zendesk": ("tickets", "ticket_events", "users", "organizations", "satisfaction_ratings"),
    "intercom": ("conversations", "contacts", "companies", "admins"),
    "jira": (
        "projects",
        "statuses",
        "fields",
        "issue_types",
        "boards",
        "issues",
        "changelogs",
        "sprints",
        "versions",
    ),
    "typeform": ("forms", "responses"),
}
# Files of these names are turned into the streams that the routes serve.
CONVERTED = {"zendesk": ("ticket_audits", "ticket_metrics")}
SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class ReplayError(Exception):
    """What is wrong with an export: the file (and line) and what it should be."""


class Replay:
    """The records of an export folder. `vendors` are those that it replaces."""

    def __init__(self, directory: Path) -> None:
        """Reads every file; raises ReplayError for an unknown name or an unreadable line."""
        if not directory.is_dir():
            raise ReplayError(
                f"{directory}: no such folder to replay; it should hold <vendor>/<stream>.jsonl files"
            )
        self.vendors = tuple(vendor for vendor in VENDORS if (directory / vendor).is_dir())
        if not self.vendors:
            raise ReplayError(
                f"{directory}: no folder of a vendor in it; it should be one of {', '.join(VENDORS)}"
            )
        self._streams: dict[tuple[str, str], dict[str, Record]] = {}
        self._events = {"amplitude": _Events(_upload_hour), "mixpanel": _Events(_claimed_day)}
        for vendor in self.vendors:
            files = {
                _stream_name(path): path for path in sorted((directory / vendor).iterdir()) if path.is_file()
            }
            for stream, path in files.items():
                self._load(vendor, stream, path)
        self._embed_metrics()

    def records(self, vendor: str, stream: str, now: datetime) -> Sequence[Record]:
        return list(self._streams.get((vendor, stream), {}).values())

    def amplitude_hour(self, hour: datetime, now: datetime) -> list[bytes]:
        lines = self._events["amplitude"].of(hour)
        return [lines] if lines else []

    def mixpanel_day(self, day: date, zone: ZoneInfo, now: datetime) -> bytes:
        # Times stand in the export as it counted them, whatever the zone.
        return self._events["mixpanel"].of(datetime(day.year, day.month, day.day, tzinfo=UTC))

    def _load(self, vendor: str, stream: str, path: Path) -> None:
        if stream not in (*STREAMS[vendor], *CONVERTED.get(vendor, ())):
            known = ", ".join((*STREAMS[vendor], *CONVERTED.get(vendor, ())))
            raise ReplayError(
                f"{path}: {vendor} has no stream {stream!r}; name the file after one of {known}"
            )
        for number, line in enumerate(_lines(path), 1):
            try:
                body = json.loads(line)
                if stream == "events" and vendor in self._events:
                    self._events[vendor].add(line, body)
                else:
                    self._add(vendor, stream, body)
            except (ValueError, KeyError, TypeError, AttributeError) as problem:
                detail = f"{type(problem).__name__}: {problem}"
                raise ReplayError(
                    f"{path}, line {number}: not a record of {vendor} {stream} ({detail})"
                ) from problem

    def _add(self, vendor: str, stream: str, body: dict[str, Any]) -> None:
        if (vendor, stream) == ("jira", "issues"):
            histories = (body.pop("changelog", None) or {}).get("histories", [])
            for history in histories:
                self._add("jira", "changelogs", {"issueId": str(body["id"]), **history})
        elif (vendor, stream) == ("zendesk", "ticket_audits"):
            stream, body = "ticket_events", event_of_audit(body)
        is_archived = bool(body.get("archived", body.get("IsDeleted", False)))
        record = ServedRecord(_identity(stream, body), _changed_at(body), body, is_archived)
        held = self._streams.setdefault((vendor, stream), {})
        # Of several versions of one record the vendor would show the newest.
        if record.id not in held or held[record.id].updated_at <= record.updated_at:
            held[record.id] = record

    def _embed_metrics(self) -> None:
        tickets = self._streams.get(("zendesk", "tickets"), {})
        for metrics in self._streams.pop(("zendesk", "ticket_metrics"), {}).values():
            if (ticket := tickets.get(str(metrics.body.get("ticket_id")))) is not None:
                ticket.body.setdefault("metric_set", metrics.body)


class Combined:
    """A replay for the vendors that it has, other data for the rest."""

    def __init__(self, replay: Replay, rest: VendorData) -> None:
        self._replay, self._rest = replay, rest

    def records(self, vendor: str, stream: str, now: datetime) -> Sequence[Record]:
        return self._of(vendor).records(vendor, stream, now)

    def amplitude_hour(self, hour: datetime, now: datetime) -> list[bytes]:
        return self._of("amplitude").amplitude_hour(hour, now)

    def mixpanel_day(self, day: date, zone: ZoneInfo, now: datetime) -> bytes:
        return self._of("mixpanel").mixpanel_day(day, zone, now)

    def _of(self, vendor: str) -> VendorData:
        return self._replay if vendor in self._replay.vendors else self._rest


class _Events:
    """Event lines by the stretch of time that holds them, kept in a temporary file."""

    def __init__(self, stretch_of: Callable[[dict[str, Any]], datetime]) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the replay
        self._stretch_of = stretch_of
        self._places: dict[datetime, list[tuple[int, int]]] = {}

    def add(self, line: bytes, event: dict[str, Any]) -> None:
        stretch = self._stretch_of(event)
        offset = self._file.seek(0, 2)
        self._file.write(line + b"\n")
        self._places.setdefault(stretch, []).append((offset, len(line) + 1))

    def of(self, stretch: datetime) -> bytes:
        parts = []
        for offset, length in self._places.get(stretch, []):
            self._file.seek(offset)
            parts.append(self._file.read(length))
        return b"".join(parts)


def _upload_hour(event: dict[str, Any]) -> datetime:
    moment = _moment(event.get("server_upload_time") or event["event_time"])
    return moment.replace(minute=0, second=0, microsecond=0)


def _claimed_day(event: dict[str, Any]) -> datetime:
    return _moment(event["properties"]["time"]).replace(hour=0, minute=0, second=0, microsecond=0)


def event_of_audit(audit: dict[str, Any]) -> dict[str, Any]:
    """A ticket event, as the incremental export gives it, from an audit of the ticket's own endpoint."""
    children = []
    for event in audit.get("events", []):
        child = {name: value for name, value in event.items() if name not in ("type", "field_name", "value")}
        child["event_type"] = event["type"]
        if "field_name" in event:
            child[event["field_name"]] = event.get("value")
        children.append(child)
    moment = _moment(audit["created_at"])
    return {
        "id": audit["id"],
        "ticket_id": audit["ticket_id"],
        "timestamp": int(moment.timestamp()),
        "created_at": audit["created_at"],
        "updater_id": audit.get("author_id"),
        "via": audit.get("via"),
        "system": (audit.get("metadata") or {}).get("system"),
        "event_type": "Audit",
        "child_events": children,
    }


def _stream_name(path: Path) -> str:
    for suffix in SUFFIXES:
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    raise ReplayError(f"{path}: not a file to replay; its name should end in {' or '.join(SUFFIXES)}")


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb") as source:
            for line in source:
                if text := line.strip():
                    yield text
    except (OSError, EOFError) as problem:
        raise ReplayError(f"{path}: cannot be read ({problem})") from problem


def _identity(stream: str, body: dict[str, Any]) -> str:
    if stream == "associations":
        return f"{body['from_type']}:{body['from_id']}:{body['to_type']}:{body['to_id']}"
    if stream == "responses":
        return f"{body['form_id']}:{body['token']}"
    if stream == "profiles":
        return str(body["$distinct_id"])
    return str(body["Id"] if "Id" in body else body["id"])


def _changed_at(body: dict[str, Any]) -> datetime:
    """The moment by which the vendor orders a record; the epoch for those without one."""
    inner = {**body.get("fields", {}), **body.get("properties", {})}
    for held, names in (
        (
            body,
            (
                "generated_timestamp",
                "SystemModstamp",
                "CreatedDate",
                "timestamp",
                "updatedAt",
                "updated_at",
                "updated",
                "created",
                "created_at",
                "last_updated_at",
                "submitted_at",
            ),
        ),
        (inner, ("updated", "hs_lastmodifieddate", "lastmodifieddate", "created")),
    ):
        for name in names:
            if held.get(name):
                return _moment(held[name])
    return LONG_AGO


def _moment(value: Any) -> datetime:
    """ISO text or "2026-11-09 10:11:12.123" (UTC), seconds or milliseconds since 1970."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    moment = datetime.fromisoformat(value)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
