"""What the roadmap is about, as plain objects: items with dated changes, their links to the tracker, and notes.

Every moment is aware UTC; timeframes are days without a time.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sandbox.company.delivery.model import Issue


@dataclass(frozen=True)
class ItemState:
    """The fields of an item at a moment."""

    name: str
    status: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    granularity: str = "month"
    owner: int = 0
    is_archived: bool = False


@dataclass(frozen=True)
class Change:
    """Fields of an item or a note that take new values."""

    at: datetime
    fields: dict[str, Any]


@dataclass(eq=False)
class Item:
    """An entry of the roadmap with everything that will ever happen to it.

    `type`: product, component, feature, subfeature, initiative, objective or release. `product_id`, `feature_id`:
    what the registry makes of it, None: nothing. `links`: other items that it is linked with.
    `imported_from`: the issue from which the item was made; the tool then names it as the item's source.
    """

    id: str
    type: str
    created_at: datetime
    first: ItemState
    parent: "Item | None" = None
    product_id: str | None = None
    feature_id: str | None = None
    links: list["Item"] = field(default_factory=list)
    imported_from: Issue | None = None
    changes: list[Change] = field(default_factory=list)
    deleted_at: datetime | None = None

    def at(self, now: datetime) -> ItemState:
        """The fields at `now`, from what has happened by then."""
        state = self.first
        for change in self.changes:
            if change.at <= now:
                state = replace(state, **change.fields)
        return state

    def exists(self, now: datetime) -> bool:
        return self.created_at <= now and (self.deleted_at is None or self.deleted_at > now)

    def updated_at(self, now: datetime) -> datetime:
        return max([self.created_at, *(change.at for change in self.changes if change.at <= now)])

    def change(self, at: datetime, **fields: Any) -> None:
        self.changes.append(Change(at, fields))
        self.changes.sort(key=lambda change: change.at)


@dataclass(frozen=True)
class Connection:
    """A link of an item to an issue of the tracker, made by the tools' integration. `issue` None: one that nobody has."""

    item: Item
    issue: Issue | None
    issue_id: str
    issue_key: str
    made_at: datetime
    removed_at: datetime | None = None

    def exists(self, now: datetime) -> bool:
        return (
            self.item.exists(now)
            and self.made_at <= now
            and (self.removed_at is None or self.removed_at > now)
        )


@dataclass(frozen=True)
class Customer:
    """A company or a person as the roadmap tool knows it: `kind` is company or user.

    `account_index`, `person_index`: who that is. `names_account`: a company that carries the app's account id.
    """

    id: str
    kind: str
    created_at: datetime
    account_index: int | None
    person_index: int | None = None
    company: "Customer | None" = None
    has_domain: bool = True
    names_account: bool = False


@dataclass(frozen=True)
class NoteState:
    """The fields of a note at a moment."""

    customer: Customer | None = None
    is_processed: bool = False
    is_archived: bool = False


@dataclass(eq=False)
class Note:
    """What a customer said, with everything that will ever happen to it. `about`: items that it is linked with."""

    id: str
    number: int
    created_at: datetime
    first: NoteState
    title: str
    body: str
    source: str | None
    tags: tuple[str, ...]
    about: tuple[Item, ...]
    changes: list[Change] = field(default_factory=list)
    deleted_at: datetime | None = None

    def at(self, now: datetime) -> NoteState:
        """The fields at `now`, from what has happened by then."""
        state = self.first
        for change in self.changes:
            if change.at <= now:
                state = replace(state, **change.fields)
        return state

    def exists(self, now: datetime) -> bool:
        return self.created_at <= now and (self.deleted_at is None or self.deleted_at > now)

    def updated_at(self, now: datetime) -> datetime:
        return max([self.created_at, *(change.at for change in self.changes if change.at <= now)])
