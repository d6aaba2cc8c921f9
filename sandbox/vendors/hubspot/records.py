"""Shows the CRM's objects as its REST API does, in the state of a moment. Property values are text."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sandbox.company.company import Company
from sandbox.company.crm.customers import Contact, Crm, Deal, Link, Owner
from sandbox.company.people import Account
from sandbox.company.work_time import at_local, local
from sandbox.vendors.record import Record

CRM_SET_UP = local("2023-01-09 09:00")
_STAGES = {
    "prospect": "appointmentscheduled",
    "qualified": "qualifiedtobuy",
    "presented": "presentationscheduled",
    "offered": "contractsent",
    "won": "closedwon",
    "lost": "closedlost",
}
_PRIMARY = {"contacts": 1, "deals": 5}
_UNLABELLED = {"contacts": 279, "deals": 341}


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """The records of a stream at `now`; none for an unknown stream."""
    crm = company.crm
    if stream == "companies":
        return [_company(crm, account, now) for account in crm.company.accounts if account.created_at <= now]
    if stream == "contacts":
        merged = _merged_contacts(crm, now)
        return [_contact(c, merged.get(c.id, []), now) for c in crm.contacts if c.created_at <= now]
    if stream == "deals":
        return [_deal(crm, deal, now) for deal in crm.deals if deal.created_at <= now]
    if stream == "owners":
        return [_owner(owner, now) for owner in crm.owners]
    if stream == "associations":
        linked: list[tuple[str, Contact | Deal]] = [("contacts", contact) for contact in crm.contacts]
        linked += [("deals", deal) for deal in crm.deals]
        return [record for kind, thing in linked for record in _associations(crm, kind, thing, now)]
    return []


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _record(
    record_id: str, properties: dict[str, Any], created_at: datetime, changes: Iterable[datetime],
    archived_at: datetime | None, now: datetime, modified_property: str = "hs_lastmodifieddate",
) -> Record:  # fmt: skip
    is_archived = archived_at is not None and archived_at <= now
    updated_at = max(moment for moment in (created_at, *changes) if moment <= now)
    if is_archived and archived_at is not None:
        updated_at = archived_at
    properties |= {
        "createdate": _iso(created_at),
        modified_property: _iso(updated_at),
        "hs_object_id": record_id,
    }
    body: dict[str, Any] = {
        "id": record_id,
        "properties": properties,
        "createdAt": _iso(created_at),
        "updatedAt": _iso(updated_at),
        "archived": is_archived,
    }
    if is_archived and archived_at is not None:
        body["archivedAt"] = _iso(archived_at)
    return Record(record_id, updated_at, body, is_archived)


def _company(crm: Crm, account: Account, now: datetime) -> Record:
    segment = account.segment
    for changed_at, new_segment in account.segment_changes:
        if changed_at <= now:
            segment = new_segment
    losers = [
        (other.merged_at, other.crm_id)
        for other in crm.company.accounts
        if other.merged_into == account.index and other.merged_at is not None and other.merged_at <= now
    ]
    changes = [moment for moment, _ in account.segment_changes] + [moment for moment, _ in losers]
    left_at = at_local(account.churned_on, 17) if account.churned_on is not None else None
    if left_at is not None:
        changes.append(left_at)
    changes += account.renewals(now)
    has_left = left_at is not None and left_at <= now
    properties = {
        "name": account.name,
        "domain": account.domain.title() if account.index % 13 == 7 else account.domain,
        "segment": segment,
        "plan": account.plan,
        "arr_usd": str(account.arr_usd),
        "app_account_id": account.app_account_id,
        "is_test_account": _flag(account.is_test),
        "hubspot_owner_id": crm.owners[account.owner_index].id,
        "hs_merged_object_ids": ";".join(loser_id for _, loser_id in sorted(losers)),
        "churned_on": account.churned_on.isoformat() if has_left and account.churned_on is not None else "",
        "renews_on": renews_on.isoformat() if (renews_on := account.renews_on(now)) else "",
    }
    return _record(account.crm_id, properties, account.created_at, changes, account.merged_at, now)


def _merged_contacts(crm: Crm, now: datetime) -> dict[str, list[tuple[datetime, str]]]:
    """Surviving contact's id -> when which contact was merged into it."""
    merged: dict[str, list[tuple[datetime, str]]] = {}
    for contact in crm.contacts:
        if contact.merged_into is not None and contact.archived_at is not None and contact.archived_at <= now:
            merged.setdefault(contact.merged_into, []).append((contact.archived_at, contact.id))
    return merged


def _contact(contact: Contact, merged: list[tuple[datetime, str]], now: datetime) -> Record:
    titles = [title for moment, title in contact.title_changes if moment <= now]
    properties = {
        "email": contact.email,
        "firstname": contact.first_name,
        "lastname": contact.last_name,
        "app_user_id": contact.app_user_id,
        "jobtitle": titles[-1],
        "hs_merged_object_ids": ";".join(loser_id for _, loser_id in sorted(merged)),
    }
    changes = [moment for moment, _ in (*contact.title_changes, *merged)]
    return _record(
        contact.id, properties, contact.created_at, changes, contact.archived_at, now, "lastmodifieddate"
    )


def _deal(crm: Crm, deal: Deal, now: datetime) -> Record:
    moment, stage = [pair for pair in deal.stages if pair[0] <= now][-1]
    is_closed = stage in ("won", "lost")
    properties = {
        "dealname": deal.name,
        "amount": str(deal.amount),
        "dealstage": _STAGES[stage],
        "pipeline": "default",
        "closedate": _iso(moment if is_closed else at_local(deal.expected_on, 12)),
        "hs_is_closed_won": _flag(stage == "won"),
        "hs_is_closed": _flag(is_closed),
        "hubspot_owner_id": crm.owners[deal.owner_index].id,
        "dealtype": "existingbusiness" if deal.is_renewal else "newbusiness",
    }
    changes = [moment for moment, _ in deal.stages]
    return _record(deal.id, properties, deal.created_at, changes, deal.archived_at, now)


def _owner(owner: Owner, now: datetime) -> Record:
    is_archived = owner.archived_at is not None and owner.archived_at <= now
    updated_at = owner.archived_at if is_archived and owner.archived_at is not None else CRM_SET_UP
    body = {
        "id": owner.id,
        "email": owner.email,
        "type": "PERSON",
        "firstName": owner.first_name,
        "lastName": owner.last_name,
        "userId": int(owner.id) - 70_000_000,
        "userIdIncludingInactive": int(owner.id) - 70_000_000,
        "createdAt": _iso(CRM_SET_UP),
        "updatedAt": _iso(updated_at),
        "archived": is_archived,
    }
    return Record(owner.id, updated_at, body, is_archived)


def _associations(crm: Crm, kind: str, thing: "Contact | Deal", now: datetime) -> list[Record]:
    """The links in force; archived things have none, and those of a merged company pass to the survivor."""
    if thing.archived_at is not None and thing.archived_at <= now:
        return []
    result: dict[str, Record] = {}
    for link in thing.links:
        if link.since > now or (link.until is not None and link.until <= now):
            continue
        account = crm.company.account_at(link.account_index, now)
        assert account is not None
        record_id = f"{kind}:{thing.id}:companies:{account.crm_id}"
        result.setdefault(
            record_id, Record(record_id, _linked_since(crm, link, now), _link(kind, thing.id, account, link))
        )
    return list(result.values())


def _linked_since(crm: Crm, link: Link, now: datetime) -> datetime:
    merged_at = crm.company.accounts[link.account_index].merged_at
    return max(link.since, merged_at) if merged_at is not None and merged_at <= now else link.since


def _link(kind: str, from_id: str, account: Account, link: Link) -> dict[str, Any]:
    types: list[dict[str, Any]] = [
        {"category": "HUBSPOT_DEFINED", "typeId": _UNLABELLED[kind], "label": None}
    ]
    if link.is_primary:
        types.insert(0, {"category": "HUBSPOT_DEFINED", "typeId": _PRIMARY[kind], "label": "Primary"})
    return {
        "from_type": kind,
        "from_id": from_id,
        "to_type": "companies",
        "to_id": account.crm_id,
        "types": types,
    }
