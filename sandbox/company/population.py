"""Accounts and people of the make-believe company at a moment, and the chance that everything else is drawn with."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args
from zlib import crc32

import numpy as np

from sandbox.company.people import Account, Person
from sandbox.company.populate import populate
from sandbox.company.work_time import midnight

Scale = Literal["small", "demo", "large"]
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


class Population:
    """Accounts and people, which every part of the company knows."""

    def __init__(self, scale: Scale, seed: int) -> None:
        """ValueError: the scale is unknown."""
        if scale not in get_args(Scale):
            raise ValueError(f"no scale {scale!r}: choose from {', '.join(get_args(Scale))}")
        self.scale = scale
        self.seed = seed
        self.size = SIZES[scale]
        self.accounts: list[Account]
        self.people: list[Person]
        self.accounts, self.people = populate(self.size.accounts, self.size.people, self.rng("population"))

    def rng(self, name: str) -> np.random.Generator:
        """A source of chance of its own for each name, the same for the same seed whatever else was drawn."""
        return np.random.default_rng([self.seed, crc32(name.encode())])

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

    def segment_on(self, account: Account | None, day: date, read_at: datetime) -> str:
        """Segment at the end of a day in the reporting time zone, as who reads the CRM at `read_at` can know it."""
        if account is None:
            return UNKNOWN
        segment = account.segment
        end_of_day = midnight(date.fromordinal(day.toordinal() + 1))
        for changed_at, new_segment in account.segment_changes:
            if changed_at < end_of_day and changed_at <= read_at:
                segment = new_segment
        return segment
