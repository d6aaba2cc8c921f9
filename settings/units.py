"""The units in which a metric's value is given. Whatever decides by unit knows every one: mypy and a test ask it."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class Chance(Enum):
    """What a value is made of, and so how chance moves it: intervals, surprises and bounds follow from it.

    SHARE: `numerator` of `n` cases. ODDS: two numbers of cases, one over the other; n is both together.
    RATE: events in `numerator` for each `Unit.per` of `denominator`. COUNT: a number of cases.
    NONE: value and n do not tell it (medians, scores).
    """

    SHARE = auto()
    ODDS = auto()
    RATE = auto()
    COUNT = auto()
    NONE = auto()


class Unit(StrEnum):
    """A unit, by its name in the metrics' YAML and in `meta.metrics`."""

    RATIO = "ratio"
    MULTIPLE = "multiple"
    PER_TICKET = "per_ticket"
    TICKETS_PER_1000_USERS = "tickets_per_1000_users"
    USERS = "users"
    ACCOUNTS = "accounts"
    COUNT = "count"
    USES = "uses"
    SECONDS = "seconds"
    DAYS = "days"
    POINTS = "points"
    MONEY = "money"

    @property
    def chance(self) -> Chance:
        return _FACTS[self].chance

    @property
    def meaning(self) -> str:
        """What a value of it is, for people."""
        return _FACTS[self].meaning

    @property
    def is_of_members(self) -> bool:
        """Whether those who are counted in a period are mostly those of the one before: they are no independent cases."""
        return _FACTS[self].is_of_members

    @property
    def per(self) -> int:
        """Of how much of its denominator a RATE is given."""
        return _FACTS[self].per


@dataclass(frozen=True)
class _Facts:
    chance: Chance
    meaning: str
    per: int = 1
    is_of_members: bool = False


_FACTS = {
    Unit.RATIO: _Facts(Chance.SHARE, "a part of its whole, from 0 to 1"),
    Unit.MULTIPLE: _Facts(Chance.ODDS, "one number of cases divided by another"),
    Unit.PER_TICKET: _Facts(Chance.RATE, "times per ticket"),
    Unit.TICKETS_PER_1000_USERS: _Facts(Chance.RATE, "tickets per 1,000 active users", per=1000),
    Unit.USERS: _Facts(Chance.COUNT, "people", is_of_members=True),
    Unit.ACCOUNTS: _Facts(Chance.COUNT, "accounts", is_of_members=True),
    Unit.COUNT: _Facts(Chance.COUNT, "a number of cases"),
    Unit.USES: _Facts(Chance.NONE, "uses of one person"),
    Unit.SECONDS: _Facts(Chance.NONE, "seconds"),
    Unit.DAYS: _Facts(Chance.NONE, "days"),
    Unit.MONEY: _Facts(Chance.NONE, "an amount in the organisation's home currency (mart.dim_organisation)"),
    Unit.POINTS: _Facts(Chance.NONE, "points of a score from -100 to 100"),
}
# What BI tools show beside the name of a unit.
UNITS_EXPLAINED = "; ".join(f"{unit}: {unit.meaning}" for unit in Unit) + "."
