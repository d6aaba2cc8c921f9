"""The make-believe company: one seed makes its accounts, people, events, tickets, issues and deals, all at one go.

Everything from the start of history to the end of 2026 is made up front and depends on scale and seed only; a
vendor's `now` merely decides how much of it is visible.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np

from sandbox import catalogue
from sandbox.crm import salesforce
from sandbox.people import Account, Person, Record
from sandbox.population import populate

if TYPE_CHECKING:
    from sandbox.crm.customers import Crm
    from sandbox.delivery.tracker import Delivery
    from sandbox.engineering.host import Engineering
    from sandbox.exports.facts import Exports
    from sandbox.roadmap.board import Roadmap
    from sandbox.support.desk import Support
    from sandbox.surveys.answers import Surveys
    from sandbox.usage.events import Usage

Scale = Literal["small", "demo", "large"]
BERLIN = ZoneInfo(catalogue.REPORTING_TIME_ZONE)
UNKNOWN = "(unknown)"


@dataclass(frozen=True)
class Size:
    """How big a company of a scale is; events is a rough number for 26 weeks."""

    accounts: int
    people: int
    events: int


SIZES: dict[Scale, Size] = {
    "small": Size(accounts=40, people=300, events=25_000),
    "demo": Size(accounts=400, people=6_000, events=1_000_000),
    "large": Size(accounts=4_000, people=60_000, events=20_000_000),
}


def night_moment(as_of: date) -> datetime:
    """The moment (UTC) at which the night as of a date reads the vendors: 02:00 in the reporting time zone."""
    return datetime.combine(as_of, time(2), BERLIN).astimezone(UTC)


def midnight(day: date) -> datetime:
    """The moment (UTC) at which a date begins in the reporting time zone."""
    return datetime.combine(day, time(), BERLIN).astimezone(UTC)


class Company:
    """Accounts and people, and the tools' data about them, which are made when first asked for."""

    def __init__(self, scale: Scale, seed: int) -> None:
        self.scale = scale
        self.seed = seed
        self.size = SIZES[scale]
        self.accounts: list[Account]
        self.people: list[Person]
        self.accounts, self.people = populate(self.size.accounts, self.size.people, self.rng("population"))

    @classmethod
    def create(cls, scale: Scale = "small", seed: int = 7) -> "Company":
        """ValueError: the scale is unknown."""
        if scale not in get_args(Scale):
            raise ValueError(f"no scale {scale!r}: choose from {', '.join(get_args(Scale))}")
        return cls(scale, seed)

    def rng(self, name: str) -> np.random.Generator:
        """A source of chance of its own for each name, the same for the same seed whatever else was drawn."""
        return np.random.default_rng([self.seed, crc32(name.encode())])

    @cached_property
    def usage(self) -> "Usage":
        from sandbox.usage.events import Usage

        return Usage(self)

    @cached_property
    def crm(self) -> "Crm":
        from sandbox.crm.customers import Crm

        return Crm(self)

    @cached_property
    def support(self) -> "Support":
        from sandbox.support.desk import Support

        return Support(self)

    @cached_property
    def delivery(self) -> "Delivery":
        from sandbox.delivery.tracker import Delivery

        return Delivery(self)

    @cached_property
    def engineering(self) -> "Engineering":
        from sandbox.engineering.host import Engineering

        return Engineering(self)

    @cached_property
    def roadmap(self) -> "Roadmap":
        from sandbox.roadmap.board import Roadmap

        return Roadmap(self)

    @cached_property
    def surveys(self) -> "Surveys":
        from sandbox.surveys.answers import Surveys

        return Surveys(self)

    @cached_property
    def exports(self) -> "Exports":
        from sandbox.exports.facts import Exports

        return Exports(self)

    def records(self, vendor: str, stream: str, now: datetime) -> Sequence[Record]:
        """The records of a vendor's stream that exist at `now`, in their state of then.

        ValueError: the vendor is unknown or has no records (events: `amplitude_hour`, `mixpanel_day`).
        """
        from sandbox.support import conversations

        providers: dict[str, Callable[[str, datetime], Sequence[Record]]] = {
            "mixpanel": lambda stream, now: self.usage.profiles(now) if stream == "profiles" else [],
            "hubspot": lambda stream, now: self.crm.records(stream, now),
            "salesforce": lambda stream, now: salesforce.records(self.crm, stream, now),
            "zendesk": lambda stream, now: self.support.records(stream, now),
            "jira": lambda stream, now: self.delivery.records(stream, now),
            "github": lambda stream, now: self.engineering.records(stream, now),
            "intercom": lambda stream, now: conversations.records(self.support, stream, now),
            "productboard": lambda stream, now: self.roadmap.records(stream, now),
            "typeform": lambda stream, now: self.surveys.records(stream, now),
        }
        if vendor not in providers:
            raise ValueError(f"vendor {vendor!r} has no records: choose from {', '.join(providers)}")
        return providers[vendor](stream, now)

    def amplitude_hour(self, hour: datetime, now: datetime) -> list[bytes]:
        """NDJSON files of the events uploaded in the UTC hour starting at `hour` and before `now`; [] when none."""
        return self.usage.hour(hour, now)

    def mixpanel_day(self, day: date, zone: ZoneInfo, now: datetime) -> bytes:
        """NDJSON of the events that claim a day of `zone` and were processed before `now`."""
        return self.usage.mixpanel_day(day, zone, now)

    def account_at(self, index: int | None, moment: datetime) -> Account | None:
        """The account, or the one it is merged into at that moment."""
        if index is None:
            return None
        account = self.accounts[index]
        if account.merged_into is not None and account.merged_at is not None and account.merged_at <= moment:
            return self.accounts[account.merged_into]
        return account

    def person_at(self, index: int, moment: datetime) -> Person:
        """The person, or the one it is merged into at that moment."""
        person = self.people[index]
        if person.merged_into is not None and person.merged_at is not None and person.merged_at <= moment:
            return self.people[person.merged_into]
        return person

    def home_account(self, person: Person, moment: datetime | None = None) -> Account | None:
        """The account a person works in as the CRM has it, mergers up to `moment` applied (none without it)."""
        if person.account_index is None:
            return None
        if moment is None:
            return self.accounts[person.account_index]
        return self.account_at(person.account_index, moment)

    def segment_on(self, account: Account | None, day: date, as_of: date) -> str:
        """Segment at the end of a day in the reporting time zone, as the CRM shows it in the night as of `as_of`."""
        if account is None:
            return UNKNOWN
        segment = account.segment
        end_of_day = midnight(date.fromordinal(day.toordinal() + 1))
        for changed_at, new_segment in account.segment_changes:
            if changed_at < end_of_day and changed_at <= night_moment(as_of):
                segment = new_segment
        return segment

    @staticmethod
    def account_id(account: Account | None) -> str:
        """The account's id in the mart."""
        return UNKNOWN if account is None else f"hubspot:company:{account.hubspot_id}"
