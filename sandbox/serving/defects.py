"""Planted data defects: vendors that answer well but with data that an audit must not let through.

A defect spoils records from the moment it is planted. Taking it away heals: the records it touched are served
again as newer versions, and events that were missing arrive late, in the hour after those that were thinned out.
What an ad blocker kept back (`*_misses_events`) is missing from every export while the defect is planted, whenever the
events happened.
"""

import copy
import json
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sandbox.company.usage.days import EVENTS_OF_A_DAY
from sandbox.vendors.amplitude.records import UPLOAD_LAG
from sandbox.vendors.record import Record

NAMES = {
    "volume_collapse": "amplitude: 19 of 20 events are missing, from 24 hours before the last exportable one",
    "amplitude_misses_events": "amplitude: on some devices and days an ad blocker keeps every event from it",
    "mixpanel_misses_events": "mixpanel: on other devices and days an ad blocker keeps every event from it",
    "ticket_backdated": "zendesk: every third ticket changed in the last 7 days was created 40 days in the future",
    "unknown_ticket_status": "zendesk: every third ticket changed in the last 7 days has the status `escalated`",
    "duplicate_company_domains": "hubspot: every third company takes the domain `shared.example`",
    "issue_resolved_before_created": "jira: every third issue changed in the last 7 days was resolved in 2001",
}
REACH = timedelta(days=7)
_INSERT_ID = re.compile(rb'"\$insert_id":"i([0-9a-f]+)-([0-9a-f]+)"')
# Of a hundred days of a device, some are lost to the one tool, some to the other one.
_BLOCKED = {**dict.fromkeys(range(4), "amplitude"), **dict.fromkeys(range(4, 9), "mixpanel")}


@dataclass(frozen=True)
class Planting:
    """When a defect came and went, in the company's time."""

    planted_at: datetime
    healed_at: datetime | None = None


class Defects:
    """The defects planted so far, healed ones among them."""

    def __init__(self) -> None:
        self._plantings: dict[str, Planting] = {}

    def plant(self, names: Iterable[str], now: datetime) -> None:
        """Make `names` the defects in force; those in force and not named are healed. ValueError: unknown name."""
        wanted = set(names)
        if unknown := sorted(wanted - set(NAMES)):
            raise ValueError(f"no defect {', '.join(unknown)}: choose from {', '.join(NAMES)}")
        for name in wanted - set(self.active):
            self._plantings[name] = Planting(now)
        for name in set(self.active) - wanted:
            self._plantings[name] = replace(self._plantings[name], healed_at=now)

    @property
    def active(self) -> list[str]:
        return sorted(name for name, planting in self._plantings.items() if planting.healed_at is None)

    def apply(self, vendor: str, stream: str, records: Sequence[Record], now: datetime) -> list[Record]:
        """The records with every planted defect in them; the given ones are not changed."""
        result: list[Record] = list(records)
        for name, planting in self._plantings.items():
            rule = _RULES.get(name)
            if rule is None or (vendor, stream) != (rule.vendor, rule.stream):
                continue
            result = [_spoil(rule, planting, record, now) for record in result]
        return result

    def apply_events(
        self, vendor: str, start: datetime, now: datetime, read: Callable[[datetime], list[bytes]]
    ) -> list[bytes]:
        """The files of one stretch of a vendor's events; `read` gives those of a stretch as the company has them."""
        if f"{vendor}_misses_events" in self.active:
            every = read
            read = lambda past: [_let_through(vendor, file) for file in every(past)]  # noqa: E731
        return self._collapsed(start, now, read) if vendor == "amplitude" else read(start)

    def _collapsed(
        self, hour: datetime, now: datetime, read: Callable[[datetime], list[bytes]]
    ) -> list[bytes]:
        planting = self._plantings.get("volume_collapse")
        files = read(hour)
        if planting is None:
            return files
        start = _available_before(planting.planted_at) - timedelta(hours=24)
        end = _available_before(planting.healed_at or now)
        if start <= hour < end:
            return [
                b"".join(line for line in file.splitlines(keepends=True) if _kept(line)) for file in files
            ]
        if hour == end and planting.healed_at is not None:
            late = [
                _uploaded_at(line, end)
                for past in range(int((end - start) / timedelta(hours=1)))
                for file in read(start + timedelta(hours=past))
                for line in file.splitlines()
                if not _kept(line)
            ]
            return [*files, b"".join(late)] if late else files
        return files


def _let_through(tool: str, lines: bytes) -> bytes:
    """The lines of events that no ad blocker kept from a tool; what one tool misses, the other one has."""
    return b"".join(line for line in lines.splitlines(keepends=True) if _blocked(line) != tool)


def _blocked(line: bytes) -> str | None:
    """The tool that does not get an event. Both tools show the same insert id: a serial number and a device."""
    found = _INSERT_ID.search(line)
    if found is None:
        return None
    serial, device = (int(part, 16) for part in found.groups())
    luck = zlib.crc32(b"%d-%d" % (serial // EVENTS_OF_A_DAY, device)) % 100
    return _BLOCKED.get(luck)


def _available_before(now: datetime) -> datetime:
    """The end of the last upload hour that can be exported."""
    return (now - UPLOAD_LAG).replace(minute=0, second=0, microsecond=0)


def _kept(line: bytes) -> bool:
    return zlib.crc32(line.rstrip(b"\n")) % 20 == 0


def _uploaded_at(line: bytes, moment: datetime) -> bytes:
    event = json.loads(line)
    stamp = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    for name in ("server_upload_time", "client_upload_time", "processed_time"):
        event[name] = stamp
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True)
class _Rule:
    vendor: str
    stream: str
    recent_only: bool
    spoil: Callable[[dict[str, Any], datetime], None]
    touch: Callable[[dict[str, Any], datetime], None]


def _spoil(rule: _Rule, planting: Planting, record: Record, now: datetime) -> Record:
    if zlib.crc32(record.id.encode()) % 3 or record.archived:
        return record
    if rule.recent_only and record.updated_at < planting.planted_at - REACH:
        return record
    if planting.healed_at is not None and record.updated_at > planting.healed_at:
        return record
    # A little before now, because vendors and clients leave out the last minutes; the healed version is the later one.
    since = planting.planted_at - timedelta(minutes=10)
    if planting.healed_at is not None:
        since = planting.healed_at - timedelta(minutes=9)
    changed_at = max(record.updated_at, since)
    body = copy.deepcopy(record.body)
    rule.touch(body, changed_at)
    if planting.healed_at is None:
        rule.spoil(body, now)
    return Record(record.id, changed_at, body, record.archived)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _backdate_ticket(ticket: dict[str, Any], now: datetime) -> None:
    ticket["created_at"] = _iso(now + timedelta(days=40))


def _escalate_ticket(ticket: dict[str, Any], now: datetime) -> None:
    ticket["status"] = "escalated"


def _touch_ticket(ticket: dict[str, Any], moment: datetime) -> None:
    ticket["updated_at"] = _iso(moment)
    ticket["generated_timestamp"] = int(moment.timestamp())


def _share_domain(company: dict[str, Any], now: datetime) -> None:
    company["properties"]["domain"] = "shared.example"


def _touch_company(company: dict[str, Any], moment: datetime) -> None:
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    company["updatedAt"] = company["properties"]["hs_lastmodifieddate"] = stamp


def _resolve_too_early(issue: dict[str, Any], now: datetime) -> None:
    issue["fields"]["resolutiondate"] = "2001-01-01T00:00:00.000+0000"


def _touch_issue(issue: dict[str, Any], moment: datetime) -> None:
    issue["fields"]["updated"] = (
        moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"
    )


_RULES = {
    "ticket_backdated": _Rule("zendesk", "tickets", True, _backdate_ticket, _touch_ticket),
    "unknown_ticket_status": _Rule("zendesk", "tickets", True, _escalate_ticket, _touch_ticket),
    "duplicate_company_domains": _Rule("hubspot", "companies", False, _share_domain, _touch_company),
    "issue_resolved_before_created": _Rule("jira", "issues", True, _resolve_too_early, _touch_issue),
}
