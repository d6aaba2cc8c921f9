"""Shows who was called out as the on-call tool's API does."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sandbox.company.company import Company
from sandbox.company.engineering.model import Engineer, Repository, sha
from sandbox.company.engineering.paging import Page
from sandbox.company.engineering.story import FIRST_DAY
from sandbox.company.work_time import at_local
from sandbox.vendors.record import Record

API = "https://api.pagerduty.com"
SITE = "https://acmeflow.pagerduty.com"
# What those on call call a service where it is not the name of its code; the registry says of which code it is.
SERVICE_NAMES = {"studio-web": "Studio (production)"}


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """The records of a stream at `now`; none for an unknown stream."""
    host = company.engineering
    shown = [page for page in host.pages if page.triggered_at <= now]
    if stream == "services":
        return [_service(each) for each in host.repositories]
    if stream == "incidents":
        return [Record(page.id, page.changes(now)[-1][0], _incident(page, now)) for page in shown]
    if stream == "log_entries":
        return [entry for page in shown for entry in _entries(page, now)]
    return []


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _id(kind: str, name: str) -> str:
    return f"P{sha(f'{kind} {name}')[:13].upper()}"


def _reference(kind: str, key: str, summary: str) -> dict[str, Any]:
    """How the API names another object."""
    path = f"{kind.removesuffix('_reference')}s/{key}"
    return {
        "id": key,
        "type": kind,
        "summary": summary,
        "self": f"{API}/{path}",
        "html_url": f"{SITE}/{path}",
    }


def _user(engineer: Engineer) -> dict[str, Any]:
    return _reference("user_reference", _id("user", engineer.login), engineer.name)


def _on_call(page: Page) -> Engineer:
    return page.repository.engineers[page.number % len(page.repository.engineers)]


def _service_of(repository: Repository) -> dict[str, Any]:
    name = SERVICE_NAMES.get(repository.name, repository.name)
    return _reference("service_reference", _id("service", repository.name), name)


def _service(repository: Repository) -> Record:
    created_at = at_local(FIRST_DAY, 9)
    body = _service_of(repository) | {
        "type": "service",
        "name": SERVICE_NAMES.get(repository.name, repository.name),
        "description": f"What runs of {repository.name}",
        "status": "active",
        "created_at": _iso(created_at),
        "updated_at": _iso(created_at),
        "auto_resolve_timeout": 14_400,
        "acknowledgement_timeout": 1_800,
        "teams": [],
        "integrations": [],
        "escalation_policy": _reference(
            "escalation_policy_reference", _id("policy", repository.name), "On call"
        ),
    }
    return Record(str(body["id"]), created_at, body)


def _incident(page: Page, now: datetime) -> dict[str, Any]:
    changes = page.changes(now)
    changed_at, last = changes[-1]
    resolved_at = changed_at if last == "resolve" else None
    is_acknowledged = any(what == "acknowledge" for _, what in changes)
    status = "resolved" if resolved_at else "acknowledged" if is_acknowledged else "triggered"
    is_merged = resolved_at is not None and page.merged_into is not None
    return {
        "id": page.id,
        "type": "incident",
        "summary": f"[#{page.number}] {page.title}",
        "self": f"{API}/incidents/{page.id}",
        "html_url": f"{SITE}/incidents/{page.id}",
        "incident_number": page.number,
        "title": page.title,
        "description": page.title,
        "created_at": _iso(page.triggered_at),
        "updated_at": _iso(changed_at),
        "status": status,
        "urgency": page.urgency,
        "incident_key": sha(page.id)[:32],
        "service": _service_of(page.repository),
        "assigned_via": "escalation_policy",
        "assignments": []
        if resolved_at
        else [{"at": _iso(page.triggered_at), "assignee": _user(_on_call(page))}],
        "acknowledgements": [],
        "last_status_change_at": _iso(changed_at),
        "last_status_change_by": _service_of(page.repository),
        "escalation_policy": _reference(
            "escalation_policy_reference", _id("policy", page.repository.name), "On call"
        ),
        "teams": [],
        "priority": _reference("priority_reference", _id("priority", "P1"), "P1")
        if page.urgency == "high"
        else None,
        "alert_counts": {
            "all": 1,
            "triggered": int(resolved_at is None),
            "resolved": int(resolved_at is not None),
        },
        "incident_type": {"name": "incident_default"},
        "pending_actions": [],
        "is_mergeable": resolved_at is None,
        "resolved_at": _iso(resolved_at),
        "resolve_reason": {
            "type": "merge_resolve_reason",
            "incident": _reference("incident_reference", page.merged_into.id, page.merged_into.title),
        }
        if is_merged and page.merged_into is not None
        else None,
    }


def _entries(page: Page, now: datetime) -> Iterator[Record]:
    for at, what in page.changes(now):
        key = f"R{sha(f'{page.id} {what}')[:25].upper()}"
        by_person = what == "acknowledge" or (what == "resolve" and page.urgency == "high")
        yield Record(
            key,
            at,
            {
                "id": key,
                "type": f"{what}_log_entry",
                "summary": what.capitalize(),
                "self": f"{API}/log_entries/{key}",
                "html_url": None,
                "created_at": _iso(at),
                "agent": _user(_on_call(page)) if by_person else _service_of(page.repository),
                "channel": {"type": "website" if by_person else "api"},
                "service": _service_of(page.repository),
                "incident": _reference("incident_reference", page.id, f"[#{page.number}] {page.title}"),
                "teams": [],
                "contexts": [],
            },
        )
