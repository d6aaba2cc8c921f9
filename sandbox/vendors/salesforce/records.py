"""Shows the CRM's objects as Salesforce does: the same accounts, contacts, deals and owners, in the state of a moment.

Contacts who use no other tool are leads here. Moments have no fractions of a second, as in Salesforce. What was deleted
stays, as in the recycle bin; the loser of a merge names the survivor in MasterRecordId.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sandbox.company.company import Company
from sandbox.company.crm.customers import Contact, Crm, Deal, Link, Owner
from sandbox.company.people import Account
from sandbox.company.work_time import at_local, local, local_date
from sandbox.vendors.record import Record

CRM_SET_UP = local("2023-01-09 09:00")
PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "Opportunity": "006",
    "OpportunityHistory": "008",
    "Lead": "00Q",
    "User": "005",
}
STAGES = {
    "prospect": ("Prospecting", 10),
    "qualified": ("Qualification", 25),
    "presented": ("Value Proposition", 50),
    "offered": ("Negotiation/Review", 90),
    "won": ("Closed Won", 100),
    "lost": ("Closed Lost", 0),
}
SEGMENTS = {"smb": "SMB", "mid_market": "Mid-Market", "enterprise": "Enterprise"}
_WEBSITES = ("https://www.{}/", "http://{}", "{}", "https://{}/en?ref=crm", "WWW.{}")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def salesforce_id(kind: str, number: int) -> str:
    """The 18 characters of a record's id: prefix, instance, number in base 62, and 3 that tell capitals from small letters."""
    digits = ""
    for _ in range(10):
        number, rest = divmod(number, 62)
        digits = _DIGITS[rest] + digits
    short = f"{PREFIXES[kind]}5g{digits}"
    checks = (
        sum(1 << place for place, letter in enumerate(short[start : start + 5]) if letter.isupper())
        for start in (0, 5, 10)
    )
    return short + "".join(_CHECKS[check] for check in checks)


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """The records of a stream at `now` (aware UTC), deleted ones marked archived; none for an unknown stream.

    Streams: accounts, contacts, opportunities, opportunity_history, leads, users.
    """
    crm = company.crm
    if stream == "accounts":
        return [_account(crm, each, now) for each in crm.company.accounts if each.created_at <= now]
    if stream in ("contacts", "leads"):
        merged = _merged(crm, now)
        return [
            _lead(crm, each, now) if stream == "leads" else _contact(crm, each, merged.get(each.id, []), now)
            for each in crm.contacts
            if each.created_at <= now and (each.person_index is None) == (stream == "leads")
        ]
    if stream == "opportunities":
        return [_opportunity(crm, deal, now) for deal in crm.deals if deal.created_at <= now]
    if stream == "opportunity_history":
        return [record for deal in crm.deals for record in _history(crm, deal, now)]
    if stream == "users":
        return [_user(owner, now) for owner in crm.owners]
    return []


def stamp(moment: datetime) -> str:
    """A moment as Salesforce's JSON has it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"


def _record(
    kind: str, number: int, fields: dict[str, Any], created_at: datetime, changes: Iterable[datetime],
    deleted_at: datetime | None, now: datetime,
) -> Record:  # fmt: skip
    is_deleted = deleted_at is not None and deleted_at <= now
    updated_at = max(moment for moment in (created_at, *changes) if moment <= now)
    if is_deleted and deleted_at is not None:
        updated_at = deleted_at
    # The sandbox hides what is newer than its present by `updated_at`, so that carries no fraction either.
    updated_at = updated_at.replace(microsecond=0)
    record_id = salesforce_id(kind, number)
    body = {
        "Id": record_id,
        **fields,
        "CreatedDate": stamp(created_at),
        "LastModifiedDate": stamp(updated_at),
        "SystemModstamp": stamp(updated_at),
    }
    if kind != "User":
        body["IsDeleted"] = is_deleted
    return Record(record_id, updated_at, body, is_deleted)


def _account_id(account: Account | None) -> str | None:
    return None if account is None else salesforce_id("Account", int(account.crm_id))


def _owner_id(crm: Crm, index: int) -> str:
    return salesforce_id("User", int(crm.owners[index].id))


def _account(crm: Crm, account: Account, now: datetime) -> Record:
    segment = account.segment
    for changed_at, new_segment in account.segment_changes:
        if changed_at <= now:
            segment = new_segment
    changes = [moment for moment, _ in account.segment_changes]
    changes += [
        other.merged_at
        for other in crm.company.accounts
        if other.merged_into == account.index and other.merged_at is not None
    ]
    left_at = at_local(account.churned_on, 17) if account.churned_on is not None else None
    if left_at is not None:
        changes.append(left_at)
    changes += account.renewals(now)
    has_left = left_at is not None and left_at <= now
    is_merged = account.merged_at is not None and account.merged_at <= now and account.merged_into is not None
    winner = (
        crm.company.accounts[account.merged_into] if is_merged and account.merged_into is not None else None
    )
    street = (
        "Main street 1\nBack yard, 2nd floor"
        if account.index % 5 == 2
        else f"Main street {account.index + 1}"
    )
    fields = {
        "Name": account.name,
        "Website": _WEBSITES[account.index % len(_WEBSITES)].format(account.domain),
        "Type": "Customer",
        "BillingStreet": street,
        "BillingAddress": {"street": street, "city": None, "country": "DE"},
        "OwnerId": _owner_id(crm, account.owner_index),
        "MasterRecordId": _account_id(winner),
        "App_Account_Id__c": account.app_account_id,
        "Segment__c": SEGMENTS[segment],
        "Plan__c": account.plan.capitalize(),
        "ARR_USD__c": float(account.arr_usd),
        "Is_Test__c": account.is_test,
        "Churned_On__c": account.churned_on.isoformat() if has_left and account.churned_on else None,
        "Renews_On__c": renews_on.isoformat() if (renews_on := account.renews_on(now)) else None,
    }
    return _record(
        "Account", int(account.crm_id), fields, account.created_at, changes, account.merged_at, now
    )


def _merged(crm: Crm, now: datetime) -> dict[str, list[datetime]]:
    """Surviving contact's id -> when others were merged into it."""
    merged: dict[str, list[datetime]] = {}
    for contact in crm.contacts:
        if contact.merged_into is not None and contact.archived_at is not None and contact.archived_at <= now:
            merged.setdefault(contact.merged_into, []).append(contact.archived_at)
    return merged


def _contact(crm: Crm, contact: Contact, merged: list[datetime], now: datetime) -> Record:
    account, moves = _linked(crm, contact.links, now)
    is_merged = (
        contact.archived_at is not None and contact.archived_at <= now and contact.merged_into is not None
    )
    fields = {
        "FirstName": contact.first_name,
        "LastName": contact.last_name,
        "Name": f"{contact.first_name} {contact.last_name}",
        "Email": contact.email,
        "Title": [title for moment, title in contact.title_changes if moment <= now][-1],
        "AccountId": _account_id(account),
        "OwnerId": _owner_id(crm, 0 if account is None else account.owner_index),
        "MasterRecordId": salesforce_id("Contact", int(contact.merged_into or 0)) if is_merged else None,
        "App_User_Id__c": contact.app_user_id,
    }
    changes = [*(moment for moment, _ in contact.title_changes), *merged, *moves]
    return _record("Contact", int(contact.id), fields, contact.created_at, changes, contact.archived_at, now)


def _lead(crm: Crm, lead: Contact, now: datetime) -> Record:
    company = crm.company.accounts[lead.links[0].account_index].name if lead.links else "[not provided]"
    fields = {
        "FirstName": lead.first_name,
        "LastName": lead.last_name,
        "Company": company,
        "Email": lead.email,
        "Title": [title for moment, title in lead.title_changes if moment <= now][-1],
        "Status": "Open - Not Contacted",
        "IsConverted": False,
        "ConvertedContactId": None,
        "OwnerId": _owner_id(crm, 0),
        "MasterRecordId": None,
    }
    changes = [moment for moment, _ in lead.title_changes]
    return _record("Lead", int(lead.id), fields, lead.created_at, changes, lead.archived_at, now)


def _opportunity(crm: Crm, deal: Deal, now: datetime) -> Record:
    moment, stage = [pair for pair in deal.stages if pair[0] <= now][-1]
    account, moves = _linked(crm, deal.links, now)
    fields = {
        "Name": deal.name,
        "AccountId": _account_id(account),
        "OwnerId": _owner_id(crm, deal.owner_index),
        "Amount": float(deal.amount),
        "StageName": STAGES[stage][0],
        "Probability": float(STAGES[stage][1]),
        "Type": "Existing Business" if deal.is_renewal else "New Business",
        "CloseDate": _close_date(deal, moment, stage),
        "IsClosed": stage in ("won", "lost"),
        "IsWon": stage == "won",
        # Filled by the synchronisation of the two CRMs: the same deal there.
        "HubSpot_Deal_Id__c": deal.id,
    }
    changes = [*(at for at, _ in deal.stages), *moves]
    return _record("Opportunity", int(deal.id), fields, deal.created_at, changes, deal.archived_at, now)


def _history(crm: Crm, deal: Deal, now: datetime) -> list[Record]:
    """One row a stage that the deal came into. The rows of a deleted deal are deleted with it; none ever changes."""
    is_deleted = deal.archived_at is not None and deal.archived_at <= now
    rows = []
    for place, (moment, stage) in enumerate(deal.stages):
        if moment > now:
            continue
        record_id = salesforce_id("OpportunityHistory", int(deal.id) * 10 + place)
        body = {
            "Id": record_id,
            "OpportunityId": salesforce_id("Opportunity", int(deal.id)),
            "StageName": STAGES[stage][0],
            "Amount": float(deal.amount),
            "Probability": float(STAGES[stage][1]),
            "CloseDate": _close_date(deal, moment, stage),
            "CreatedById": _owner_id(crm, deal.owner_index),
            "CreatedDate": stamp(moment),
            "IsDeleted": is_deleted,
        }
        rows.append(Record(record_id, moment.replace(microsecond=0), body, is_deleted))
    return rows


def _close_date(deal: Deal, moment: datetime, stage: str) -> str:
    if stage in ("won", "lost"):
        return local_date(moment).isoformat()
    return deal.expected_on.isoformat()


def _user(owner: Owner, now: datetime) -> Record:
    has_left = owner.archived_at is not None and owner.archived_at <= now
    fields = {
        "Username": owner.email,
        "Email": owner.email,
        "FirstName": owner.first_name,
        "LastName": owner.last_name,
        "Name": f"{owner.first_name} {owner.last_name}",
        "IsActive": not has_left,
        "UserType": "Standard",
    }
    changes = [] if owner.archived_at is None else [owner.archived_at]
    return _record("User", int(owner.id), fields, CRM_SET_UP, changes, None, now)


def _linked(crm: Crm, links: "list[Link]", now: datetime) -> tuple[Account | None, list[datetime]]:
    """The account that a contact or deal belongs to, and when that changed; Salesforce knows one account only."""
    moves: list[datetime] = []
    for link in links:
        if not link.is_primary:
            continue
        account = crm.company.accounts[link.account_index]
        moves += [moment for moment in (link.until, account.merged_at) if moment is not None]
        if link.since <= now and (link.until is None or link.until > now):
            return crm.company.account_at(link.account_index, now), moves
    return None, moves
