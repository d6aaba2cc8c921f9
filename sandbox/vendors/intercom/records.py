"""Shows the help desk's objects as Intercom's API does: the same tickets as conversations with parts.

New, open and on hold are open there, pending is snoozed, solved and closed are closed; a change that does not lead
into another of these leaves no trace. All times are seconds since 1970.
"""

from datetime import datetime, timedelta
from typing import Any

from sandbox.company.company import Company
from sandbox.company.support.model import AUTOMATED_CHANNELS, Audit, Organization, Ticket, User, remark
from sandbox.vendors.record import Record

STATES = {
    "new": "open",
    "open": "open",
    "hold": "open",
    "pending": "snoozed",
    "solved": "closed",
    "closed": "closed",
}
PART_TYPES = {"open": "open", "snoozed": "snoozed", "closed": "close"}
PRIORITIES = {None: "none", "low": "low", "normal": "medium", "high": "high", "urgent": "urgent"}
SOURCE_TYPES = {"email": "email", "native_messaging": "conversation"}
WORKSPACE = "acmeflow"
OPERATOR = {"type": "bot", "id": "990000001", "name": "Operator", "email": "operator+acmeflow@intercom.io"}
FIRST_CONVERSATION = 215_400_000_000
# A snoozed conversation would open by itself; nobody here waits so long.
SNOOZE = timedelta(days=90)
Json = dict[str, Any]


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """The records of a stream at `now`; none for an unknown stream.

    Streams: conversations (with their parts; deleted ones are archived records), contacts, companies, admins.
    """
    support = company.support
    if stream == "conversations":
        return [conversation(ticket, now) for ticket in support.tickets if ticket.created_at <= now]
    if stream == "contacts":
        return [
            _contact(user) for user in support.users if user.role == "end-user" and user.created_at <= now
        ]
    if stream == "companies":
        return [_company_record(each, now) for each in support.organizations if each.created_at <= now]
    if stream == "admins":
        return [_admin(user) for user in support.agents]
    return []


def conversation(ticket: Ticket, now: datetime) -> Record:
    """A ticket as a conversation with all its parts at `now`; archived since it was deleted."""
    parts: list[Json] = []
    state, updated_at = "open", ticket.created_at
    snoozed_until: int | None = None
    for audit in ticket.audits:
        if audit.at > now:
            break
        new_state = STATES.get(audit.fields.get("status", ""), state)
        said = _parts(ticket, audit, state, new_state)
        parts += said
        if said or {"tags", "score", "priority"} & audit.fields.keys():
            updated_at = audit.at
        if new_state != state:
            snoozed_until = _seconds(audit.at + SNOOZE) if new_state == "snoozed" else None
        state = new_state
    seen = ticket.at(now)
    body: Json = {
        "type": "conversation",
        "id": conversation_id(ticket),
        "title": ticket.subject,
        "created_at": _seconds(ticket.created_at),
        "updated_at": _seconds(updated_at),
        "waiting_since": None,
        "snoozed_until": snoozed_until,
        "open": state != "closed",
        "state": state,
        "read": True,
        "priority": PRIORITIES[seen.priority],
        "admin_assignee_id": 0 if seen.assignee is None else int(_person_id(seen.assignee)),
        "team_assignee_id": 0,
        "source": _source(ticket),
        "contacts": {"type": "contact.list", "contacts": [_reference(ticket.requester)]},
        "tags": {"type": "tag.list", "tags": [_tag(name, ticket) for name in seen.tags]},
        "teammates": {"type": "admin.list", "admins": []},
        "custom_attributes": {},
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
        "external_references": [{"type": "zendesk_ticket", "id": str(ticket.id)}],
        "ai_agent_participated": False,
        "statistics": _statistics(ticket, parts),
        "conversation_parts": {
            "type": "conversation_part.list",
            "conversation_parts": parts,
            "total_count": len(parts),
        },
    }
    # Some conversations name no company: theirs is the one of the person who asks.
    if seen.organization is not None and ticket.id % 3:
        body["company"] = _company(seen.organization, now)
    if (rating := _rating(ticket, now)) is not None:
        body["conversation_rating"] = rating
    deleted_at = _deleted_at(ticket, now)
    return Record(conversation_id(ticket), deleted_at or updated_at, body, deleted_at is not None)


def conversation_id(ticket: Ticket) -> str:
    return str(FIRST_CONVERSATION + ticket.id)


def contact_id(user: User) -> str:
    return f"{user.id:024x}"


def company_id(organization: Organization) -> str:
    return f"{organization.id:024x}"


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _deleted_at(ticket: Ticket, now: datetime) -> datetime | None:
    return next(
        (each.at for each in ticket.audits if each.at <= now and each.fields.get("status") == "deleted"), None
    )


def _parts(ticket: Ticket, audit: Audit, state: str, new_state: str) -> list[Json]:
    """What an audit leaves in the conversation; the opening comment is its source and no part."""
    author = _author(audit.author, audit.channel)
    found: list[Json] = []
    is_first = audit is ticket.audits[0]
    if audit.comment is not None and not is_first:
        kind = "comment" if audit.comment.is_public else "note"
        found.append(_part(kind, audit, author, state, body=f"<p>{audit.comment.body}</p>"))
    if audit.fields.get("assignee") is not None:
        assigned = {"type": "admin", "id": _person_id(audit.fields["assignee"])}
        found.append(_part("assignment", audit, author, state, assigned_to=assigned))
    if new_state != state:
        found.append(_part(PART_TYPES[new_state], audit, author, new_state))
    for place, part in enumerate(found):
        part["id"] = str(audit.id + place)
    return found


def _part(kind: str, audit: Audit, author: Json, state: str, **more: Any) -> Json:
    at = _seconds(audit.at)
    return {
        "type": "conversation_part",
        "id": "",
        "part_type": kind,
        "body": None,
        "created_at": at,
        "updated_at": at,
        "notified_at": at,
        "author": author,
        "attachments": [],
        "external_id": None,
        "redacted": False,
        "state": state,
        "tags": [],
        "app_package_code": None,
        **more,
    }


def _author(user: User, channel: str) -> Json:
    if channel in AUTOMATED_CHANNELS:
        return OPERATOR
    kind = "admin" if user.role in ("agent", "admin") else _role(user)
    return {"type": kind, "id": _person_id(user), "name": user.name, "email": user.email}


def _person_id(user: User) -> str:
    return contact_id(user) if user.role == "end-user" else str(user.id - 369_000_000_000)


def _role(user: User) -> str:
    return "lead" if user.external_id is None else "user"


def _source(ticket: Ticket) -> Json:
    opening = ticket.audits[0]
    by_customer = ticket.submitter.role == "end-user"
    return {
        "type": SOURCE_TYPES.get(ticket.channel, "conversation"),
        "id": str(opening.id),
        "delivered_as": "customer_initiated" if by_customer else "admin_initiated",
        "subject": ticket.subject,
        "body": "" if opening.comment is None else f"<p>{opening.comment.body}</p>",
        "author": _author(ticket.submitter, opening.channel),
        "attachments": [],
        "url": None,
        "redacted": False,
    }


def _statistics(ticket: Ticket, parts: list[Json]) -> Json:
    """The vendor's own measures; the mart has its own."""
    result: Json = {"type": "conversation_statistics", "count_conversation_parts": len(parts)}
    replies = [
        each["created_at"]
        for each in parts
        if each["part_type"] == "comment" and each["author"]["type"] == "admin"
    ]
    closes = [each["created_at"] for each in parts if each["part_type"] == "close"]
    if replies:
        result |= {"first_admin_reply_at": replies[0], "last_admin_reply_at": replies[-1]}
    if closes:
        result |= {"first_close_at": closes[0], "last_close_at": closes[-1]}
    return result | {"count_reopens": max(len(closes) - 1, 0)}


def _rating(ticket: Ticket, now: datetime) -> Json | None:
    """Good is 4 or 5, bad is 1 or 2; one that was only asked for has no rating."""
    changes = [audit for audit in ticket.audits if audit.at <= now and "score" in audit.fields]
    if not changes:
        return None
    score = changes[-1].fields["score"]
    rating: Json = {
        "remark": remark(ticket, score) or "",
        "created_at": _seconds(changes[0].at),
        "updated_at": _seconds(changes[-1].at),
        "contact": _reference(ticket.requester),
    }
    if score in ("good", "bad"):
        rating["rating"] = (4 if score == "good" else 1) + ticket.id % 2
    if (assignee := ticket.at(now).assignee) is not None:
        rating["teammate"] = {"type": "admin", "id": _person_id(assignee)}
    return rating


def _tag(name: str, ticket: Ticket) -> Json:
    applied = [audit.at for audit in ticket.audits if name in audit.fields.get("tags", ())]
    return {"type": "tag", "id": f"tag_{name}", "name": name, "applied_at": _seconds(applied[0])}


def _reference(user: User) -> Json:
    return {"type": "contact", "id": contact_id(user), "external_id": user.external_id}


def _contact(user: User) -> Record:
    held = [] if user.organization is None else [user.organization]
    companies = [{"type": "company", "id": company_id(each)} for each in held]
    created_at = _seconds(user.created_at)
    body: Json = {
        "type": "contact",
        "id": contact_id(user),
        "workspace_id": WORKSPACE,
        "external_id": user.external_id,
        "role": _role(user),
        "email": user.email,
        "email_domain": user.email.partition("@")[2].lower(),
        "phone": None,
        "name": user.name,
        "owner_id": None,
        "has_hard_bounced": False,
        "marked_email_as_spam": False,
        "unsubscribed_from_emails": False,
        "created_at": created_at,
        "updated_at": created_at,
        "signed_up_at": created_at,
        "last_seen_at": None,
        "custom_attributes": {},
        "companies": {
            "type": "list",
            "data": companies,
            "total_count": len(companies),
            "has_more": False,
        },
    }
    return Record(contact_id(user), user.created_at, body)


def _changed_at(organization: Organization, now: datetime) -> datetime:
    since = organization.external_id_since
    return since if since is not None and since <= now else organization.created_at


def _company(organization: Organization, now: datetime) -> Json:
    """A company's id in the app where somebody wrote it down, else one that means nothing there."""
    since = organization.external_id_since
    named = since is not None and since <= now
    body: Json = {
        "type": "company",
        "id": company_id(organization),
        "company_id": organization.external_id if named else f"helpdesk-{organization.id}",
        "app_id": WORKSPACE,
        "name": organization.name,
        "remote_created_at": _seconds(organization.created_at),
        "created_at": _seconds(organization.created_at),
        "updated_at": _seconds(_changed_at(organization, now)),
        "monthly_spend": 0,
        "session_count": 0,
        "user_count": 1,
        "plan": {},
        "custom_attributes": {},
        "tags": {"type": "tag.list", "tags": []},
        "segments": {"type": "segment.list", "segments": []},
    }
    if organization.domains:
        body["website"] = f"https://www.{organization.domains[0]}/"
    return body


def _company_record(organization: Organization, now: datetime) -> Record:
    return Record(company_id(organization), _changed_at(organization, now), _company(organization, now))


def _admin(user: User) -> Record:
    body = {
        "type": "admin",
        "id": _person_id(user),
        "name": user.name,
        "email": user.email,
        "job_title": "Support",
        "away_mode_enabled": False,
        "away_mode_reassign": False,
        "has_inbox_seat": True,
        "team_ids": [],
    }
    return Record(_person_id(user), user.created_at, body)
