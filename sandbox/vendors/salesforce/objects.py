"""What Salesforce's describe says of its objects: the fields that the sandbox's records have, and their types."""

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


def visible_fields(name: str, has_currencies: bool = False) -> dict[str, str]:
    """Fields of an object that the client may see, with their types; none of a hidden or unknown object.

    `has_currencies`: the organisation uses several currencies, so each record has one.
    """
    if name in HIDDEN or name not in FIELDS:
        return {}
    fields = FIELDS[name] | ({"CurrencyIsoCode": "picklist"} if has_currencies else {})
    return {field: kind for field, kind in fields.items() if f"{name}.{field}" not in HIDDEN}


def describe(name: str, has_currencies: bool = False) -> dict[str, Any]:
    """The parts of an object's description that clients read."""
    fields = [
        {"name": field, "label": field.removesuffix("__c").replace("_", " "), "type": kind}
        | {"custom": field.endswith("__c"), "nillable": field != "Id", "filterable": kind != "address"}
        for field, kind in visible_fields(name, has_currencies).items()
    ]
    return {"name": name, "label": name, "custom": False, "queryable": True, "fields": fields}
