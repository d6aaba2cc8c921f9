"""Since when, and until when, a team owns a project, a repository or a feature."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from connectors.registry.entry import Problem
from connectors.registry.glossary import Text


class Ownership(BaseModel):
    """A project or repository, and the days on which it is the team's; or a team, and the days on which a feature is its.

    Both days are inclusive, of the reporting time zone; without `from` since ever, without `to` until further notice.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Text
    first_day: date | None = Field(default=None, alias="from")
    last_day: date | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Ownership":
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValueError("`to` is before `from`: both are days on which the team owns it")
        return self

    @property
    def days(self) -> tuple[date, date]:
        return self.first_day or date.min, self.last_day or date.max


def _as_entry(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


# A name alone is owned since ever.
Owned = Annotated[Ownership, BeforeValidator(_as_entry)]
# One owner, or several one after the other.
Owners = Annotated[
    list[Owned],
    Field(min_length=1),
    BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
]


def ownership_problems(kind: str, teams: Sequence[tuple[str, Sequence[Ownership]]]) -> Iterator[Problem]:
    """What two teams own on the same day, or one owns twice. `teams`: by id, in the order of their file."""
    seen: dict[str, list[tuple[str, Ownership]]] = {}
    for number, (team, owned) in enumerate(teams):
        for each in owned:
            known = seen.setdefault(each.name.strip().casefold(), [])
            for other, before in known:
                both = max(each.days[0], before.days[0]), min(each.days[1], before.days[1])
                if both[0] <= both[1]:
                    yield "teams", number, _shared(kind, each, (other, before), team, both[0])
            known.append((team, each))


def owner_problems(features: Sequence[tuple[str, Sequence[Ownership]]]) -> Iterator[Problem]:
    """Features of two teams on the same day. `features`: by id, in the order of their file."""
    for number, (feature, owners) in enumerate(features):
        in_order = sorted(owners, key=lambda each: each.days[0])
        for before, after in pairwise(in_order):
            if after.days[0] <= before.days[1]:
                what = (
                    f"The feature `{feature}` is of `{before.name}` and of `{after.name}` on the same day: end the one with "
                    f"`{{name: {before.name}, to: DAY}}` before the other begins with `{{name: {after.name}, from: DAY}}`."
                )
                yield "features", number, what


def _shared(kind: str, each: Ownership, known: tuple[str, Ownership], team: str, first_day: date) -> str:
    other, before = known
    if each.days == before.days == (date.min, date.max):
        return (
            f"The {kind} `{each.name}` is listed twice. If it passed from one team to the other, write "
            f"`{{name: {each.name}, to: DAY}}` at the one and `{{name: {each.name}, from: DAY}}` at the other."
        )
    earlier, later = sorted(((before, other), (each, team)), key=lambda held: held[0].days[0])
    at = f"on {first_day}" if first_day > date.min else "since ever"
    remedy = (
        f"write `to: {later[0].first_day - timedelta(days=1)}` at `{earlier[1]}`"
        if later[0].first_day and earlier[0].days[0] < later[0].first_day
        else "end one with `to` before the other's `from`"
    )
    return f"The {kind} `{each.name}` is of `{other}` and of `{team}` {at}: {remedy}."
