"""What may stand in `calendar.yml`: days off, and the hours in which support answers, by schedules."""

from collections.abc import Iterator, Sequence, Set
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from connectors.nearest import meant
from connectors.registry.entry import Entry, Id, Problem
from connectors.registry.glossary import Text
from connectors.registry.patterns import like
from connectors.zones import known_zone

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
# A text, since YAML reads 18:00 without quotes as the number 1080.
Clock = Annotated[
    str, like(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", 'write hour and minute in quotes, such as "09:00"')
]
DEFAULT_SCHEDULE = "default"


class CalendarEntry(Entry):
    """A holiday, whose id is its date, or hours in which support answers.

    The hours of one `schedule` add up: a break at noon makes two entries. A schedule is that of the tickets of its
    `teams` (ids of groups in Zendesk, of teams in Intercom), `brands` (ids in Zendesk) and `products` (of this registry);
    the schedule `default`, to which hours belong that say nothing of this, is that of all other tickets. `opens` and
    `closes` are on the clock of `time_zone`, the reporting time zone unless it is said; `closes: "24:00"` is the end of
    the day. A holiday is one of all `schedules` unless it names some.
    """

    kind: Literal["holiday", "business_hours"]
    name: Text
    days: list[Weekday] | None = None
    opens: Clock | None = None
    closes: Clock | None = None
    schedule: Id = DEFAULT_SCHEDULE
    time_zone: Annotated[str, AfterValidator(known_zone)] | None = None
    teams: Annotated[list[Text], Field(default_factory=list)]
    brands: Annotated[list[Text], Field(default_factory=list)]
    products: Annotated[list[Text], Field(default_factory=list)]
    schedules: Annotated[list[Text], Field(default_factory=list)]

    @property
    def tickets(self) -> tuple[tuple[str, str], ...]:
        """Whose tickets the hours are: kind and id."""
        return tuple(
            (kind, each)
            for kind, ids in (("team", self.teams), ("brand", self.brands), ("product", self.products))
            for each in ids
        )

    @model_validator(mode="after")
    def _is_whole(self) -> "CalendarEntry":
        if self.kind == "holiday":
            if self.model_fields_set - {"id", "kind", "name", "schedules"}:
                raise ValueError("a holiday has nothing but its `id`, `name` and `schedules`")
            try:
                date.fromisoformat(self.id)
            except ValueError:
                raise ValueError("the `id` of a holiday is its date, such as 2026-12-25") from None
        elif self.days is None or self.opens is None or self.closes is None:
            raise ValueError("business hours need `days`, `opens` and `closes`")
        elif self.closes <= self.opens:
            raise ValueError(
                "`closes` is not after `opens`; hours over midnight are two entries, to and from 24:00"
            )
        elif self.schedules:
            raise ValueError("business hours belong to one `schedule`")
        elif self.tickets and self.schedule == DEFAULT_SCHEDULE:
            raise ValueError("hours of `teams`, `brands` or `products` need a `schedule` of their own")
        return self


def schedule_problems(entries: Sequence[CalendarEntry], products: Set[str]) -> Iterator[Problem]:
    """Schedules that contradict themselves or one another, and names of what is not there."""
    hours = [(number, each) for number, each in enumerate(entries) if each.kind == "business_hours"]
    schedules = {each.schedule for _, each in hours}
    owners: dict[tuple[str, str], str] = {}
    for number, entry in hours:
        peers = [each for place, each in hours if place < number and each.schedule == entry.schedule]
        for what in entry.tickets:
            if owners.setdefault(what, entry.schedule) != entry.schedule:
                yield (
                    "calendar",
                    number,
                    f"The {what[0]} `{what[1]}` has the schedule `{owners[what]}` already.",
                )
        if peers and peers[0].time_zone != entry.time_zone:
            yield "calendar", number, f"The schedule `{entry.schedule}` has two time zones."
        if any(_overlap(entry, each) for each in peers):
            yield "calendar", number, f"The schedule `{entry.schedule}` is open twice at one time."
        if unknown := [each for each in entry.products if each not in products]:
            yield (
                "calendar",
                number,
                f"`{entry.id}` names `{unknown[0]}`, which products.yml does not have.{meant(unknown[0], products)}",
            )
        if entry.schedule != DEFAULT_SCHEDULE and not any(
            each.tickets for _, each in hours if each.schedule == entry.schedule
        ):
            what_is_missing = "no `teams`, `brands` or `products`: no ticket would have it."
            yield "calendar", number, f"The schedule `{entry.schedule}` has {what_is_missing}"
    for number, entry in enumerate(entries):
        if unknown := [each for each in entry.schedules if each not in schedules]:
            yield (
                "calendar",
                number,
                f"`{entry.id}` names the schedule `{unknown[0]}`, which has no hours.{meant(unknown[0], schedules)}",
            )


def _overlap(one: CalendarEntry, other: CalendarEntry) -> bool:
    assert one.opens is not None
    assert one.closes is not None
    assert other.opens is not None
    assert other.closes is not None
    return (
        bool(set(one.days or ()) & set(other.days or ()))
        and one.opens < other.closes
        and other.opens < one.closes
    )
