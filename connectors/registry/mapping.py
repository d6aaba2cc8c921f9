"""What may stand in `sources.yml`: the names that vendors leave to their customers (properties, fields, tags).

An entry's id is the source; one of another name than its vendor's (`jira_eu`) declares that instance. What is left out is the
vendor's own, or unknown where the vendor has none: an instance takes nothing over from another.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from connectors import VENDORS, connector_class, vendor_of
from connectors.nearest import meant
from connectors.registry.entry import Entry
from connectors.registry.glossary import Text
from connectors.registry.money import Currency
from connectors.registry.patterns import like


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) or value is None else [value]


# Where an issue of a tracker is.
IssueUrl = Annotated[
    str, like(r"https://[^\s{}]+\{key\}[^\s{}]*", "write an https address with {key} in the place of the key")
]
Texts = Annotated[list[Text], BeforeValidator(_as_list)]


class Place(BaseModel):
    """Where something stands in an event: one of a group (by its type), a property of the user, a property of the event."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    group: Text | None = None
    user_property: Text | None = None
    event_property: Text | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Place":
        if len(self.model_fields_set) != 1:
            raise ValueError("name one of `group`, `user_property` and `event_property`")
        return self


# The first that an event has counts.
Places = Annotated[list[Place], BeforeValidator(_as_list)]


class AnalyticsNames(Entry):
    """`account`: of the app; a text, a number, or a list whose first counts. `user`: who is logged in, where it is not the
    vendor's own id of the user. `email`: the user's address."""

    account: Places = Field(
        default_factory=lambda: [Place(group=each) for each in ("account", "company", "organization")]
    )
    user: Places = Field(default_factory=list)
    email: Places = Field(
        default_factory=lambda: [Place(user_property="email"), Place(user_property="$email")]
    )
    user_agent: Places = Field(default_factory=lambda: [Place(event_property="user_agent")])


class Revenue(BaseModel):
    """Recurring revenue of a company: a property, what it is per, and its currency (the organisation's own if left out).

    `currency_property`: where each company says its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    property: Text
    period: Literal["year", "quarter", "month"] = "year"
    currency: Currency | None = None
    currency_property: Text | None = None


class CrmNames(Entry):
    """Properties of a company: `account` is its id in the app, `test` says that it is none of a customer, `churned_on` the
    day on which it stopped paying, `renews_on` that on which its contract ends or renews; `renewal_deals` are the types
    of deals that renew one, as the CRM names them, compared without case. `user`: the property of a contact with
    the person's id in the app. `hubspot_deal`: the property of an opportunity with the id that the same deal has in HubSpot."""

    account: Text | None = None
    plan: Text | None = None
    segment: Text | None = None
    revenue: Revenue | None = None
    test: Text | None = None
    churned_on: Text | None = None
    renews_on: Text | None = None
    renewal_deals: Texts = Field(default_factory=list)
    user: Text | None = None
    hubspot_deal: Text | None = None


class SupportNames(Entry):
    """`account`: the custom field of an organisation (Zendesk) or company (Intercom) with its id in the app, `user` that of a
    person, where it is not the vendor's own external id. Tickets with one of `spam_tags` are spam, solved ones with one of
    `merge_tags` became part of another."""

    account: Text | None = None
    user: Text | None = None
    spam_tags: Texts = Field(default_factory=lambda: ["spam"])
    merge_tags: Texts = Field(default_factory=lambda: ["closed_by_merge"])


class DeliveryNames(Entry):
    """Ids or names of custom fields, where the tracker's own kinds do not tell them; the first that an issue has counts.

    `issue_url`: where readers of the report find an issue of this instance, with `{key}`.
    """

    points: Texts = Field(default_factory=list)
    sprint: Texts = Field(default_factory=list)
    epic_link: Texts = Field(default_factory=list)
    issue_url: IssueUrl | None = None


class NoNames(Entry):
    """An instance of a vendor that leaves no name to its customers; whatever else has no entry is told why."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="after")
    def _is_instance(self) -> "NoNames":
        vendor = vendor_of(self.id)
        if vendor not in VENDORS:
            raise ValueError(
                f"there is no source `{self.id}`: name one of {', '.join(VENDORS)}, or an instance of one by its vendor, `_` and "
                f"small letters or digits, such as `jira_eu` (files have one folder, and no instances).{meant(self.id, VENDORS)}"
            )
        if self.id == vendor:
            raise ValueError(f"nothing of {self.id} is left to its customers: take the entry out")
        if self.model_extra:
            raise ValueError(f"nothing of {vendor} is left to its customers: take out all but the `id`")
        return self


_NAMES: Mapping[str, type[Entry]] = {
    "product_analytics": AnalyticsNames,
    "crm": CrmNames,
    "support": SupportNames,
    "delivery": DeliveryNames,
}
# Its names are those of delivery.yml.
_WITHOUT = ("github",)
_NONE = "none"


def _family(entry: Any) -> str:
    source = entry.get("id") if isinstance(entry, dict) else getattr(entry, "id", None)
    vendor = vendor_of(source) if isinstance(source, str) else None
    family = connector_class(vendor).family if vendor in VENDORS and vendor not in _WITHOUT else _NONE
    return family if family in _NAMES else _NONE


SourceNames = Annotated[
    Annotated[CrmNames, Tag("crm")]
    | Annotated[AnalyticsNames, Tag("product_analytics")]
    | Annotated[SupportNames, Tag("support")]
    | Annotated[DeliveryNames, Tag("delivery")]
    | Annotated[NoNames, Tag(_NONE)],
    Discriminator(_family),
]


def shared_variables(entries: list[Any]) -> Iterator[tuple[int, str]]:
    """Entries of instances whose variables would be another source's as well: position and sentence."""
    instances = [(number, entry.id) for number, entry in enumerate(entries) if entry.id not in VENDORS]
    if not instances:
        return
    known = {name: each for each in VENDORS for name in connector_class(each).Settings.variables(each)}
    for number, instance in instances:
        for name in connector_class(instance).Settings.variables(instance):
            if (other := known.setdefault(name, instance)) != instance:
                yield number, f"`{instance}` and `{other}` would both be set by {name}: give it another name."


def names_by_source(entries: list[Any], home_currency: str) -> dict[str, dict[str, Any]]:
    """By source that leaves names to its customers, what they are here: plain values, those left out by default included.

    `revenue` has `property`, `times` (to make it a year's), `currency` and `currency_property`.
    """
    given = {entry.id: entry for entry in entries}
    found = {}
    for source in sorted({*VENDORS, *given}):
        kind = _NAMES.get(_family({"id": source}))
        if kind is None:
            continue
        names = given.get(source, kind(id=source)).model_dump(exclude={"id", "issue_url"}, exclude_none=True)
        if revenue := names.get("revenue"):
            times = {"year": 1, "quarter": 4, "month": 12}[revenue.pop("period")]
            names["revenue"] = {"currency": home_currency, **revenue, "times": times}
        found[source] = names
    return found
