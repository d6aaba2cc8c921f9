"""Zendesk's ticket metric events: when the clocks of a ticket start, pause and end, and what was promised for them."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

from sandbox.company.support.desk import Support
from sandbox.company.support.hours import business_seconds
from sandbox.company.support.model import AUTOMATED_CHANNELS, END_OF_TIME, SOLVED, Audit, Ticket
from sandbox.company.support.sla import POLICY_ID, POLICY_TITLE, Target, target_of
from sandbox.vendors.record import Record

# What happens to a clock: (moment, activate | pause | fulfill).
Ticks = list[tuple[datetime, str]]
_ORDER = ("measure", "activate", "apply_sla", "pause", "breach", "fulfill", "update_status")
_FIRST_ID = 20_000_000_000


@lru_cache(maxsize=1)
def metric_events(support: Support) -> list[Record]:
    """Every event that there ever will be, oldest first; none ever changes."""
    records = [record for ticket in support.tickets for record in _of_ticket(ticket)]
    return sorted(records, key=lambda record: (record.updated_at, int(record.id)))


def _of_ticket(ticket: Ticket) -> Iterator[Record]:
    events = [*_of_metric(ticket, "agent_work_time", [_work_clock(ticket)])]
    events += _of_metric(ticket, "reply_time", _reply_clocks(ticket))
    events.sort(key=lambda event: (event[0], _ORDER.index(event[1]["type"]), event[1]["metric"]))
    for place, (moment, body) in enumerate(events):
        number = _FIRST_ID + ticket.id * 1000 + place
        time = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        yield Record(str(number), moment, {"id": number, "ticket_id": ticket.id, **body, "time": time})


def _of_metric(ticket: Ticket, metric: str, clocks: list[Ticks]) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """A metric's events; its first instance alone has a promise."""

    def event(kind: str, instance: int, **more: Any) -> dict[str, Any]:
        return {"metric": metric, "instance_id": instance, "type": kind, **more}

    yield ticket.created_at, event("measure", 0)
    for instance, ticks in enumerate(clocks, start=1):
        for moment, kind in ticks:
            yield moment, event(kind, instance)
            if kind == "fulfill":
                yield moment, event("update_status", instance, status=_minutes(ticks, moment))
        target = target_of(metric, ticket.at(ticks[0][0]).priority) if instance == 1 and ticks else None
        if target is None:
            continue
        yield ticks[0][0], event("apply_sla", instance, sla=_sla(target))
        breached_at = _breached_at(ticks, target, _ended_at(ticket))
        if breached_at is not None:
            yield breached_at, event("breach", instance, deleted=False)


def _sla(target: Target) -> dict[str, Any]:
    return {
        "target": target.seconds // 60,
        "target_in_seconds": target.seconds,
        "business_hours": target.in_business_hours,
        "policy": {"id": POLICY_ID, "title": POLICY_TITLE, "description": None},
    }


def _ended_at(ticket: Ticket) -> datetime:
    """When the ticket was deleted: no clock of it runs on."""
    return next((at for at, status in ticket.statuses(END_OF_TIME) if status == "deleted"), END_OF_TIME)


def _work_clock(ticket: Ticket) -> Ticks:
    """The agents' work: it runs while the ticket is new or open, pauses while it waits, and ends when it is solved."""
    ticks: Ticks = []
    for moment, status in ticket.statuses(END_OF_TIME):
        kind = {"new": "activate", "open": "activate", "pending": "pause", "hold": "pause"}.get(status)
        kind = "fulfill" if status in SOLVED else kind
        if kind is not None and (ticks[-1][1] if ticks else "") != kind:
            ticks.append((moment, kind))
    return ticks


def _reply_clocks(ticket: Ticket) -> list[Ticks]:
    """A clock each time a customer waits for a reply; a reply ends it, and so does a solved ticket."""
    clocks: list[Ticks] = []
    for audit in ticket.audits:
        waits = bool(clocks) and clocks[-1][-1][1] == "activate"
        asks = audit.comment is not None and audit.comment.author is ticket.requester
        if waits and (audit.fields.get("status") in SOLVED or _is_reply(audit)):
            clocks[-1].append((audit.at, "fulfill"))
        elif not waits and asks:
            clocks.append([(audit.at, "activate")])
    return clocks


def _is_reply(audit: Audit) -> bool:
    return (
        audit.comment is not None
        and audit.comment.is_public
        and audit.comment.author.role != "end-user"
        and audit.channel not in AUTOMATED_CHANNELS
    )


def _running(ticks: Ticks, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The spans in which a clock runs, up to a moment."""
    for (start, kind), (end, _) in pairwise([*ticks, (until, "")]):
        if kind == "activate" and start < until:
            yield start, min(end, until)


def _breached_at(ticks: Ticks, target: Target, ended_at: datetime) -> datetime | None:
    left = target.seconds
    for start, end in _running(ticks, ended_at):
        due = target.reached(start, left)
        if due < end:
            return due
        left -= target.elapsed(start, end)
    return None


def _minutes(ticks: Ticks, moment: datetime) -> dict[str, int]:
    spans = list(_running(ticks, moment))
    calendar = sum(int((end - start).total_seconds()) for start, end in spans)
    return {"calendar": calendar // 60, "business": sum(business_seconds(*span) for span in spans) // 60}
