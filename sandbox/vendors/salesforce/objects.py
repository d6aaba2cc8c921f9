"""What Salesforce's describe says of its objects: the fields that the sandbox's records have, and their types."""

from collections.abc import Iterable, Mapping
from typing import Any

STREAMS = {
    "Account": "accounts",
    "Contact": "contacts",
    "Opportunity": "opportunities",
    "OpportunityHistory": "opportunity_history",
    "Lead": "leads",
    "User": "users",
}

_AUDIT = {
    "Id": "id",
    "CreatedDate": "datetime",
    "LastModifiedDate": "datetime",
    "SystemModstamp": "datetime",
    "IsDeleted": "boolean",
}
FIELDS: dict[str, dict[str, str]] = {
    "Account": _AUDIT
    | {
        "MasterRecordId": "reference",
        "Name": "string",
        "Type": "picklist",
        "Website": "url",
        "BillingStreet": "textarea",
        "BillingAddress": "address",
        "OwnerId": "reference",
        "App_Account_Id__c": "string",
        "Segment__c": "picklist",
        "Plan__c": "picklist",
        "ARR_USD__c": "currency",
        "Is_Test__c": "boolean",
        "Churned_On__c": "date",
        "Renews_On__c": "date",
    },
    "Contact": _AUDIT
    | {
        "MasterRecordId": "reference",
        "AccountId": "reference",
        "OwnerId": "reference",
        "FirstName": "string",
        "LastName": "string",
        "Name": "string",
        "Email": "email",
        "Title": "string",
        "App_User_Id__c": "string",
    },
    "Opportunity": _AUDIT
    | {
        "AccountId": "reference",
        "OwnerId": "reference",
        "Name": "string",
        "Type": "picklist",
        "StageName": "picklist",
        "Amount": "currency",
        "Probability": "percent",
        "CloseDate": "date",
        "IsClosed": "boolean",
        "IsWon": "boolean",
        "HubSpot_Deal_Id__c": "string",
    },
    "OpportunityHistory": {
        "Id": "id",
        "OpportunityId": "reference",
        "CreatedById": "reference",
        "CreatedDate": "datetime",
        "StageName": "picklist",
        "Amount": "currency",
        "Probability": "percent",
        "CloseDate": "date",
        "IsDeleted": "boolean",
    },
    "Lead": _AUDIT
    | {
        "MasterRecordId": "reference",
        "ConvertedContactId": "reference",
        "OwnerId": "reference",
        "FirstName": "string",
        "LastName": "string",
        "Company": "string",
        "Email": "email",
        "Title": "string",
        "Status": "picklist",
        "IsConverted": "boolean",
    },
    # A user is never deleted, only made inactive.
    "User": {name: kind for name, kind in _AUDIT.items() if name != "IsDeleted"}
    | {
        "Username": "string",
        "FirstName": "string",
        "LastName": "string",
        "Name": "string",
        "Email": "email",
        "UserType": "picklist",
        "IsActive": "boolean",
    },
}
# Fields and whole objects that the client's permissions hide: `Account.Segment__c`, `Lead`. Tests put names in here.
HIDDEN: set[str] = set()
# Stands in every row, and is no field.
_BESIDE = {"attributes"}
_UNTOLD = "string"


def further_fields(name: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Fields that records have besides those of `FIELDS`, with types that fit their values: those of an organisation's own."""
    known, found = FIELDS.get(name, {}), dict[str, str]()
    for row in rows:
        for field in row.keys() - known.keys() - _BESIDE:
            if found.get(field) in (None, _UNTOLD):
                found[field] = _kind_of(row[field])
    return found


def _kind_of(value: Any) -> str:
    kinds = {bool: "boolean", int: "double", float: "double", dict: "complexvalue", list: "complexvalue"}
    return kinds.get(type(value), _UNTOLD)


def visible_fields(name: str, further: Mapping[str, str] | None = None) -> dict[str, str]:
    """Fields of an object that the client may see, with their types; none of a hidden or unknown object.

    `further`: as `further_fields` gives them.
    """
    if name in HIDDEN or name not in FIELDS:
        return {}
    fields = FIELDS[name] | dict(further or {})
    return {field: kind for field, kind in fields.items() if f"{name}.{field}" not in HIDDEN}


def describe(name: str, further: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The parts of an object's description that clients read."""
    fields = [
        {"name": field, "label": field.removesuffix("__c").replace("_", " "), "type": kind}
        | {"custom": field.endswith("__c"), "nillable": field != "Id", "filterable": kind != "address"}
        for field, kind in visible_fields(name, further).items()
    ]
    return {"name": name, "label": name, "custom": False, "queryable": True, "fields": fields}
