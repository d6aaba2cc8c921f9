"""Salesforce's objects: which fields are read, and how a row looks in raw whichever way it came."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from connectors.contract import RawRecord, Words
from connectors.errors import ScopeMissing
from connectors.http import Http
from connectors.nearest import meant

API = "/services/data/v63.0"
# Compound fields repeat what their parts say, and neither they nor files can be read in bulk.
UNREAD_TYPES = ("address", "location", "base64", "complexvalue")
NUMBERS = ("int", "long", "double", "currency", "percent")


@dataclass(frozen=True)
class SObject:
    """`needed`: fields without which a record has no key, version or deletion. `declared`: what the mart reads besides.

    `personal`: fields that hold personal data. `optional`: the organisation may not use the object.
    """

    name: str
    holds: Words
    declared: tuple[str, ...]
    personal: tuple[str, ...] = ()
    stamp: str = "SystemModstamp"
    needed: tuple[str, ...] = ("Id", "SystemModstamp", "CreatedDate", "IsDeleted")
    optional: bool = False
    subject: Literal["", "person", "account"] = ""
    identifies: tuple[str, ...] = ()
    belongs_to: tuple[tuple[str, str], ...] = ()
    refers: tuple[tuple[str, str], ...] = ()


_OWNER = (("OwnerId", "users"),)
_NAMES = ("FirstName", "LastName", "Name", "Email", "Title", "Phone", "MobilePhone")
OBJECTS = {
    "accounts": SObject(
        "Account",
        Words(
            "Customers and prospects: plan, segment, owner, and what is paid",
            "Clients et prospects : formule, segment, responsable et montant payé",
        ),
        ("MasterRecordId", "Name", "Website", "OwnerId"),
        ("Name", "Website", "Phone", "Fax", "BillingStreet", "ShippingStreet", "Description"),
        subject="account",
        identifies=("Website",),
        refers=_OWNER,
    ),
    "contacts": SObject(
        "Contact",
        Words("People at customers and prospects", "Personnes chez les clients et prospects"),
        ("MasterRecordId", "AccountId", "Email"),
        (*_NAMES, "MailingStreet", "OtherStreet", "Birthdate"),
        subject="person",
        identifies=("Email",),
        belongs_to=(("AccountId", "accounts"),),
    ),
    "opportunities": SObject(
        "Opportunity",
        Words(
            "Sales opportunities: amount, stage, and when they closed",
            "Opportunités de vente : montant, étape et date de clôture",
        ),
        ("AccountId", "OwnerId", "StageName", "Amount", "Type", "CloseDate", "IsClosed", "IsWon"),
        ("Name", "Description", "NextStep"),
        belongs_to=(("AccountId", "accounts"),),
        refers=_OWNER,
    ),
    # Its rows never change and have no SystemModstamp to go by.
    "opportunity_history": SObject(
        "OpportunityHistory",
        Words(
            "Each stage that a sales opportunity went through, and when",
            "Chaque étape qu'une opportunité de vente a traversée, et quand",
        ),
        ("OpportunityId", "StageName"),
        belongs_to=(("OpportunityId", "opportunities"),),
        stamp="CreatedDate",
        needed=("Id", "CreatedDate", "IsDeleted"),
    ),
    "leads": SObject(
        "Lead",
        Words(
            "People who showed interest and are not yet a customer's contact",
            "Personnes qui ont montré de l'intérêt sans être encore contact d'un client",
        ),
        ("MasterRecordId", "Email", "IsConverted", "ConvertedContactId"),
        (*_NAMES, "Company", "Street"),
        subject="person",
        identifies=("Email",),
        optional=True,
    ),
    "users": SObject(
        "User",
        Words("The colleagues who look after customers", "Les collègues qui suivent les clients"),
        ("IsActive",),
        (*_NAMES, "Username"),
        subject="person",
        identifies=("Email", "Username"),
        needed=("Id", "SystemModstamp", "CreatedDate"),
    ),
}


class Fields:
    """Names and types of the fields that the credentials may read; each object is described once a run.

    `done_without`: declared fields, as `Account.Plan__c`, that the organisation does not have, listed in the variable
    `done_without_in`.
    """

    def __init__(self, http: Http, done_without: frozenset[str], done_without_in: str) -> None:
        self._http = http
        self._done_without_in = done_without_in
        self._done_without = done_without
        self._visible: set[str] | None = None
        self._types: dict[str, dict[str, str]] = {}

    def of(self, kind: SObject, named: tuple[str, ...] = ()) -> dict[str, str]:
        """Name -> type, by name; `named` are fields that the organisation names itself.

        Raises ScopeMissing naming the object or the declared and named fields that are hidden.
        """
        if self._visible is None:
            shown = self._http.get(f"{API}/sobjects")["sobjects"]
            self._visible = {each["name"] for each in shown if each["queryable"]}
        if kind.name not in self._visible:
            raise ScopeMissing(
                f"The object {kind.name} is hidden.",
                remedy=f"Give the integration user's permission set read access and View All on {kind.name}.",
            )
        if kind.name not in self._types:
            described = self._http.get(f"{API}/sobjects/{kind.name}/describe")["fields"]
            types = {each["name"]: each["type"] for each in described if each["type"] not in UNREAD_TYPES}
            self._types[kind.name] = dict(sorted(types.items()))
        self._refuse_hidden(kind, named)
        return self._types[kind.name]

    def _refuse_hidden(self, kind: SObject, named: tuple[str, ...]) -> None:
        found = self._types[kind.name]
        needed = [f"{kind.name}.{name}" for name in kind.needed if name not in found]
        unknown = [name for name in named if name not in found]
        declared = [f"{kind.name}.{name}" for name in (*kind.declared, *unknown) if name not in found]
        hidden = needed + [name for name in declared if name not in self._done_without]
        if not hidden:
            return
        # A record read without a field that it had would look as if the value had been emptied.
        waiver = "" if needed else f"add it to {self._done_without_in}"
        if unknown:
            waiver = "correct its name in sources.yml"
        waiver = waiver and f"; where the organisation has no such field, {waiver}"
        raise ScopeMissing(
            f"{', '.join(hidden)} {'is' if len(hidden) == 1 else 'are'} hidden by field-level security or missing."
            f"{''.join(meant(name, list(found)) for name in unknown)} "
            "Nothing was read of the object, so that no value is taken for emptied.",
            remedy=f"Give the integration user's permission set read access to it{waiver}.",
        )


def raw_record(row: Mapping[str, Any], kind: SObject, types: Mapping[str, str]) -> RawRecord:
    """The same record from REST (JSON with types) and from Bulk (text): else each change of way would be a new version."""
    record = {name: _value(row.get(name), type_) for name, type_ in types.items()}
    text = json.dumps(record, ensure_ascii=False)
    return RawRecord(
        str(record["Id"] or ""), str(record[kind.stamp] or ""), text, record.get("IsDeleted") is True
    )


def _value(value: Any, type_: str) -> Any:
    """Empty is null; flags and numbers are such; date-times end in Z. What does not fit its type stays as it came."""
    if value is None or value == "":
        return None
    if type_ == "boolean" and value in ("true", "false"):
        return value == "true"
    try:
        if type_ in NUMBERS:
            return float(value)
        if type_ == "datetime":
            return moment_text(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        return value
    return value


def moment_text(moment: datetime) -> str:
    """A moment as SOQL takes it and as raw holds it; Salesforce keeps whole seconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
