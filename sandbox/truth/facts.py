"""What really happened in the app, as far as it was known as of a date: the facts from which the truth is counted.

People are known here by the index of their person; a device on which nobody ever logged in is a person of its own,
known by the number of the device below zero.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache

from sandbox.company.catalogue import FEATURE_BY_ID, HISTORY_START
from sandbox.company.company import Company
from sandbox.company.people import Account
from sandbox.company.population import UNKNOWN
from sandbox.company.usage.days import ANONYMOUS, ZERO_USER
from sandbox.company.usage.plan import ms
from sandbox.company.usage.traits import EXPOSURE_KINDS, FUNNEL_KINDS, KINDS, PASSIVE_KINDS, RAGE_KINDS
from sandbox.company.work_time import midnight

UNMAPPED = "(unmapped)"
# Who is first active in this many days from the start of history was probably there before.
PRE_EXISTING_DAYS = 7
REPORTED_WEEKS = 8


def account_id_of(account: Account | None) -> str:
    """The account's id in the mart."""
    return UNKNOWN if account is None else f"hubspot:company:{account.crm_id}"


@dataclass(frozen=True)
class Use:
    """A person used a feature on a day; `account_id` is that of most of that day's `events`, `segment` that of the home account."""

    person: int
    day: date
    feature_id: str
    product_id: str
    account_id: str
    segment: str
    events: int


@dataclass(frozen=True)
class AccountUse:
    """People of an account used a feature on a day."""

    account: Account
    day: date
    feature_id: str
    product_id: str
    segment: str


@dataclass
class _Event:
    """An event that counts; `person` is filled in when the device's users are known."""

    day: date
    time_ms: int
    device: int
    person: int
    account: int
    kind: int


@dataclass
class Facts:
    """Uses of the app as of a date, without bots, internal people, test accounts and passive events."""

    company: Company
    as_of: date
    read_at: datetime
    uses: list[Use] = field(default_factory=list)
    account_uses: list[AccountUse] = field(default_factory=list)
    steps: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    home: dict[int, Account | None] = field(default_factory=dict)
    first_day: dict[int, date] = field(default_factory=dict)
    active_days: dict[int, set[date]] = field(default_factory=dict)
    # Day, page, person.
    rage_clicks: list[tuple[date, str, int]] = field(default_factory=list)

    def is_pre_existing(self, person: int) -> bool:
        return self.first_day[person] < HISTORY_START + timedelta(days=PRE_EXISTING_DAYS)

    def segment(self, person: int, day: date) -> str:
        """Segment of the person's home account on a day."""
        return self.company.segment_on(self.home[person], day, self.read_at)

    def home_account(self, person: int) -> Account | None:
        """Home account of a person of the company, also of one who never used the app."""
        return self.home[person] if person in self.home else _home(self.company, person, {}, self.read_at)

    def plan(self, person: int) -> str:
        account = self.home[person]
        return UNKNOWN if account is None else account.plan


def weeks_before(as_of: date, count: int = REPORTED_WEEKS) -> list[date]:
    """Mondays of the last complete weeks before a date, oldest first."""
    last = as_of - timedelta(days=as_of.weekday() + 7)
    return [last - timedelta(days=7 * back) for back in range(count - 1, -1, -1)]


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@lru_cache(maxsize=4)
def usage_facts(company: Company, as_of: date, read_at: datetime) -> Facts:
    """The facts as of a date: of all that was uploaded before it began in the reporting time zone."""
    facts = Facts(company, as_of, read_at)
    not_of_people = {*PASSIVE_KINDS, *EXPOSURE_KINDS.values()}
    events = [event for event in _events_with_people(company, as_of) if event.kind not in not_of_people]

    # Mergers make two people one, and two companies one.
    for event in events:
        if event.person >= 0:
            event.person = company.person_at(event.person, read_at).index

    first_named: dict[int, tuple[int, int]] = {}
    for event in events:
        if event.account >= 0:
            named = (event.time_ms, event.account)
            first_named[event.person] = min(named, first_named.get(event.person, named))
    for person in {event.person for event in events}:
        facts.home[person] = _home(company, person, first_named, read_at)

    excluded = {person for person, account in facts.home.items() if account is not None and account.is_test}
    excluded |= {person for person in facts.home if person >= 0 and company.people[person].is_internal}
    counted = [event for event in events if event.person not in excluded]
    pages = {kind: page for page, kind in RAGE_KINDS.items()}
    facts.rage_clicks = [
        (event.day, pages[event.kind], event.person) for event in counted if event.kind in pages
    ]

    by_use: dict[tuple[int, date, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    by_account: set[tuple[int, date, str]] = set()
    steps: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for event in counted:
        feature_id = KINDS[event.kind].feature_id or UNMAPPED
        account = company.account_at(event.account, read_at) if event.account >= 0 else None
        account_id = account_id_of(account)
        by_use[event.person, event.day, feature_id][account_id] += 1
        if account is not None:
            by_account.add((account.index, event.day, feature_id))
        if event.kind in FUNNEL_KINDS:
            steps[event.person].add((event.time_ms, FUNNEL_KINDS.index(event.kind)))
    facts.steps = {person: sorted(moments) for person, moments in steps.items()}

    for (person, day, feature_id), counts in by_use.items():
        account_id = _account_of_most(counts)
        segment = facts.segment(person, day)
        facts.uses.append(
            Use(person, day, feature_id, product_of(feature_id), account_id, segment, sum(counts.values()))
        )
        facts.active_days.setdefault(person, set()).add(day)
    for index, day, feature_id in by_account:
        account = company.accounts[index]
        segment = company.segment_on(account, day, read_at)
        facts.account_uses.append(AccountUse(account, day, feature_id, product_of(feature_id), segment))
    facts.first_day = {person: min(days) for person, days in facts.active_days.items()}
    return facts


def product_of(feature_id: str) -> str:
    return FEATURE_BY_ID[feature_id].product if feature_id in FEATURE_BY_ID else UNMAPPED


def _account_of_most(counts: dict[str, int]) -> str:
    """The named account with most events, the smallest id of several; unknown only when none is named."""
    named = {account_id: count for account_id, count in counts.items() if account_id != UNKNOWN}
    if not named:
        return UNKNOWN
    most = max(named.values())
    return min(account_id for account_id, count in named.items() if count == most)


def _home(
    company: Company, person: int, first_named: dict[int, tuple[int, int]], read_at: datetime
) -> Account | None:
    if person in first_named:
        return company.account_at(first_named[person][1], read_at)
    if person >= 0 and company.people[person].contact_id is not None:
        return company.home_account(company.people[person], read_at)
    return None


def _events_with_people(company: Company, as_of: date) -> list[_Event]:
    """Every event of a human that was known as of a date, once, with the person whose it is."""
    events: list[_Event] = []
    # Device: moments at which a user showed up who was not the one before.
    logins: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for event, is_bot in _visible(company, as_of):
        if event.person >= 0:
            seen = logins[event.device]
            if not seen or seen[-1][1] != event.person:
                seen.append((event.time_ms, event.person))
        if not is_bot:
            events.append(event)
    for event in events:
        if event.person == ANONYMOUS:
            seen = logins.get(event.device, [])
            if not seen:
                event.person = -2 - event.device
            else:
                # The last known user; before the first log-in, the one who was the first.
                last = bisect_right(seen, event.time_ms, key=lambda login: login[0]) - 1
                event.person = seen[max(last, 0)][1]
    return events


def _visible(company: Company, as_of: date) -> Iterator[tuple[_Event, bool]]:
    """Events known as of a date in order of time, each once, and whether a bot sent them.

    Those of the zero user id and those that claim to be of the future never count.
    """
    known_before = ms(midnight(as_of))
    for day, batch in company.usage.days(as_of):
        seen: set[int] = set()
        rows = zip(
            batch.time_ms.tolist(), batch.upload_ms.tolist(), batch.device.tolist(), batch.user.tolist(),
            batch.account.tolist(), batch.kind.tolist(), batch.insert.tolist(), batch.is_future.tolist(),
            batch.is_bot.tolist(), strict=True,
        )  # fmt: skip
        for time_ms, upload_ms, device, user, account, kind, insert, is_future, is_bot in sorted(rows):
            if upload_ms >= known_before or is_future or user == ZERO_USER or insert in seen:
                continue
            seen.add(insert)
            yield _Event(day, time_ms, device, user, account, kind), is_bot
