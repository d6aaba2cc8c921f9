"""Shows the help desk's objects as its REST API does: every stream in the state of a moment."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from sandbox.company.company import Company
from sandbox.company.support.desk import Support
from sandbox.company.support.hours import business_seconds
from sandbox.company.support.model import (
    AUTOMATED_CHANNELS,
    SOLVED,
    Audit,
    Organization,
    Ticket,
    TicketState,
    User,
    remark,
)
from sandbox.vendors.record import Record
from sandbox.vendors.zendesk.metric_events import metric_events

SITE = "https://acmeflow.example/zendesk/api/v2"


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """The records of a stream at `now` (tickets with their metric set); none for an unknown stream."""
    support = company.support
    if stream == "ticket_events":
        return [record for record in _ticket_events(support) if record.updated_at <= now]
    if stream == "ticket_metric_events":
        return [record for record in metric_events(support) if record.updated_at <= now]
    if stream == "tickets":
        return [_ticket_record(ticket, now) for ticket in support.tickets if ticket.created_at <= now]
    if stream == "users":
        return [_user(user, now) for user in support.users if user.created_at <= now]
    if stream == "organizations":
        return [_organization(org, now) for org in support.organizations if org.created_at <= now]
    if stream == "satisfaction_ratings":
        ratings = (_rating(ticket, now) for ticket in support.tickets if ticket.created_at <= now)
        return [rating for rating in ratings if rating is not None]
    return []


@lru_cache(maxsize=1)
def _ticket_events(support: Support) -> list[Record]:
    """Every audit that there ever will be, oldest first; an audit never changes."""
    result = []
    for ticket in support.tickets:
        state = TicketState(status="")
        for audit in ticket.audits:
            result.append(Record(str(audit.id), audit.at, _audit(ticket, audit, state)))
            for name, value in audit.fields.items():
                setattr(state, name, value)
    result.sort(key=lambda record: (record.updated_at, int(record.id)))
    return result


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _audit(ticket: Ticket, audit: Audit, before: TicketState) -> dict[str, Any]:
    children: list[dict[str, Any]] = []
    is_first = audit is ticket.audits[0]
    if is_first:
        children.append({"event_type": "Create", "subject": ticket.subject})
        children.append({"event_type": "Create", "requester_id": ticket.requester.id})
    for name, value in audit.fields.items():
        old = getattr(before, name)
        if old == value or (is_first and value is None):
            continue
        children.append(_child(name, old, value, "Create" if is_first else "Change"))
    if audit.comment is not None:
        children.append(
            {
                "event_type": "Comment",
                "type": "Comment",
                "author_id": audit.comment.author.id,
                "body": audit.comment.body,
                "public": audit.comment.is_public,
                "comment_public": audit.comment.is_public,
                "comment_present": True,
                "via_reference_id": None,
            }
        )
    via = {"channel": audit.channel}
    return {
        "id": audit.id,
        "ticket_id": ticket.id,
        "timestamp": int(audit.at.timestamp()),
        "created_at": _iso(audit.at),
        "updater_id": audit.author.id,
        "via": via,
        "system": {},
        "event_type": "Audit",
        "child_events": [
            {"id": audit.id + 1 + place, "via": via["channel"], **child}
            for place, child in enumerate(children)
        ],
    }


def _child(name: str, old: Any, value: Any, event_type: str) -> dict[str, Any]:
    child: dict[str, Any] = {"event_type": event_type}
    if name == "tags":
        child |= {
            "tags": list(value),
            "added_tags": [tag for tag in value if tag not in old],
            "removed_tags": [tag for tag in old if tag not in value],
        }
        return child
    if name in ("organization", "assignee"):
        child[f"{name}_id"] = _id(value)
        previous: Any = _id(old)
    elif name == "score":
        child["satisfaction_score"] = value
        previous = old
    else:
        child[name] = value
        previous = old
    if event_type == "Change":
        child["previous_value"] = None if previous is None else str(previous)
    return child


def _id(thing: User | Organization | None) -> int | None:
    return None if thing is None else thing.id


def _ticket_record(ticket: Ticket, now: datetime) -> Record:
    state = ticket.at(now)
    body: dict[str, Any] = {
        "url": f"{SITE}/tickets/{ticket.id}.json",
        "id": ticket.id,
        "external_id": None,
        "via": {"channel": ticket.channel, "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": _iso(ticket.created_at),
        "updated_at": _iso(state.updated_at),
        "generated_timestamp": int(state.generated_at.timestamp()),
        "type": None,
        "subject": ticket.subject,
        "raw_subject": ticket.subject,
        "description": f"{ticket.subject}. Please help.",
        "priority": state.priority,
        "status": state.status,
        "recipient": "support@acmeflow.example",
        "requester_id": ticket.requester.id,
        "submitter_id": ticket.submitter.id,
        "assignee_id": _id(state.assignee),
        "organization_id": _id(state.organization),
        "group_id": 360_000_001,
        "collaborator_ids": [],
        "follower_ids": [],
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": list(state.tags),
        "custom_fields": [],
        "satisfaction_rating": {"score": state.score},
        "brand_id": 360_000_002,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": ticket.channel == "native_messaging",
        "metric_set": _metric_set(ticket, state, now),
    }
    if state.score in ("good", "bad"):
        body["satisfaction_rating"] |= {"id": _rating_id(ticket), "comment": ""}
    return Record(str(ticket.id), state.generated_at, body)


def _metric_set(ticket: Ticket, state: TicketState, now: datetime) -> dict[str, Any]:
    """The vendor's own measures, in minutes; the mart has its own."""
    past = [audit for audit in ticket.audits if audit.at <= now]
    statuses = ticket.statuses(now)
    created = ticket.created_at
    entries = [
        moment
        for place, (moment, status) in enumerate(statuses)
        if status in SOLVED and (place == 0 or statuses[place - 1][1] not in SOLVED)
    ]
    last = entries[-1] if entries else None
    replies = [
        audit.at
        for audit in past[1:]
        if audit.comment is not None
        and audit.comment.is_public
        and audit.comment.author.role != "end-user"
        and audit.channel not in AUTOMATED_CHANNELS
    ]
    waits = {"new": (0, 0), "open": (0, 0), "hold": (0, 0), "pending": (0, 0)}
    for (start, status), following in zip(statuses, [*statuses[1:], (now, "")], strict=True):
        if status in waits and (last is None or start < last):
            calendar, business = _minutes(start, following[0])
            waits[status] = (waits[status][0] + calendar, waits[status][1] + business)
    requester = (
        sum(waits[s][0] for s in ("new", "open", "hold")),
        sum(waits[s][1] for s in ("new", "open", "hold")),
    )
    assigned = [audit.at for audit in past if audit.fields.get("assignee") is not None]
    by_requester = [audit.at for audit in past if audit.author is ticket.requester]
    comments = [audit.at for audit in past if audit.comment is not None]
    return {
        "url": f"{SITE}/ticket_metrics/{ticket.id + 500_000}.json",
        "id": ticket.id + 500_000,
        "ticket_id": ticket.id,
        "created_at": _iso(created),
        "updated_at": _iso(state.generated_at),
        "group_stations": 1,
        "assignee_stations": len(assigned),
        "reopens": max(len(entries) - 1, 0),
        "replies": len(replies),
        "assignee_updated_at": _iso(assigned[-1]) if assigned else None,
        "requester_updated_at": _iso(by_requester[-1]) if by_requester else None,
        "status_updated_at": _iso(statuses[-1][0]),
        "initially_assigned_at": _iso(assigned[0]) if assigned else None,
        "assigned_at": _iso(assigned[-1]) if assigned else None,
        "solved_at": _iso(last) if last and state.status in SOLVED else None,
        "latest_comment_added_at": _iso(comments[-1]) if comments else None,
        "reply_time_in_minutes": _both(_minutes(created, replies[0]) if replies else None),
        "first_resolution_time_in_minutes": _both(_minutes(created, entries[0]) if entries else None),
        "full_resolution_time_in_minutes": _both(_minutes(created, last) if last else None),
        "agent_wait_time_in_minutes": _both(waits["pending"]),
        "requester_wait_time_in_minutes": _both(requester),
        "on_hold_time_in_minutes": _both(waits["hold"]),
    }


def _both(minutes: tuple[int, int] | None) -> dict[str, int | None]:
    calendar, business = minutes or (None, None)
    return {"calendar": calendar, "business": business}


def _minutes(start: datetime, end: datetime) -> tuple[int, int]:
    return int((end - start).total_seconds()) // 60, business_seconds(start, end) // 60


def _rating_id(ticket: Ticket) -> int:
    return 11_000_000 + ticket.id


def _rating(ticket: Ticket, now: datetime) -> Record | None:
    changes = [audit for audit in ticket.audits if audit.at <= now and "score" in audit.fields]
    if not changes:
        return None
    rating_id = _rating_id(ticket)
    last = changes[-1]
    body = {
        "url": f"{SITE}/satisfaction_ratings/{rating_id}.json",
        "id": rating_id,
        "score": last.fields["score"],
        "ticket_id": ticket.id,
        "requester_id": ticket.requester.id,
        "assignee_id": _id(ticket.at(now).assignee),
        "group_id": 360_000_001,
        "created_at": _iso(changes[0].at),
        "updated_at": _iso(last.at),
        "comment": remark(ticket, last.fields["score"]) or "",
    }
    return Record(str(rating_id), last.at, body)


def _user(user: User, now: datetime) -> Record:
    suspended = user.suspended_at is not None and user.suspended_at <= now
    changed_at = user.suspended_at if suspended and user.suspended_at is not None else user.created_at
    body = {
        "url": f"{SITE}/users/{user.id}.json",
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "created_at": _iso(user.created_at),
        "updated_at": _iso(changed_at),
        "time_zone": "Berlin",
        "iana_time_zone": "Europe/Berlin",
        "phone": None,
        "locale": "en-US",
        "role": user.role,
        "verified": True,
        "external_id": user.external_id,
        "tags": [],
        "active": True,
        "shared": False,
        "shared_agent": False,
        "suspended": suspended,
        "organization_id": _id(user.organization),
        "user_fields": {},
    }
    return Record(str(user.id), changed_at, body)


def _organization(organization: Organization, now: datetime) -> Record:
    since = organization.external_id_since
    named = since is not None and since <= now
    changed_at = since if named and since is not None else organization.created_at
    body = {
        "url": f"{SITE}/organizations/{organization.id}.json",
        "id": organization.id,
        "name": organization.name,
        "shared_tickets": False,
        "shared_comments": False,
        "external_id": organization.external_id if named else None,
        "created_at": _iso(organization.created_at),
        "updated_at": _iso(changed_at),
        "domain_names": list(organization.domains),
        "details": None,
        "notes": None,
        "group_id": None,
        "tags": [],
        "organization_fields": {},
    }
    return Record(str(organization.id), changed_at, body)
