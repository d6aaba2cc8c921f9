"""One day of events, drawn from the day's own chance: what people do, and what goes wrong on the way to the vendor."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta

import numpy as np

from sandbox.company.catalogue import HISTORY_END, HISTORY_START
from sandbox.company.population import Population
from sandbox.company.usage.decline import declined, patience
from sandbox.company.usage.plan import DAY_MS, HOUR_MS, PlannedEvent, ms
from sandbox.company.usage.traits import (
    BERLIN,
    FUNNEL_KINDS,
    KIND_OF,
    KINDS,
    PASSIVE_KINDS,
    Flags,
    Floats,
    Ints,
    Traits,
    kinds_live_on,
    season,
)

ANONYMOUS = -1
ZERO_USER = -2
# What a client that lost its user sends as the id of ZERO_USER.
ZERO_UUID = "00000000-0000-0000-0000-000000000000"
NO_ACCOUNT = -1
UNKNOWN_ACCOUNT = -2
# The server says it received an event this long before it was uploaded.
RECEIVED_BEFORE_UPLOAD_MS = 400
FUTURE_MS = HOUR_MS

HUMAN_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0) Chrome/141.0",
    "Mozilla/5.0 (Macintosh) Version/18.1 Safari/605.1",
    "Mozilla/5.0 (X11; Linux) Firefox/132.0",
)
BOT_AGENTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1)",
    "Mozilla/5.0 (X11; Linux) HeadlessChrome/139.0",
    "SiteCrawler/2.4 (+https://crawl.example)",
)
AGENTS = (*HUMAN_AGENTS, *BOT_AGENTS)
HEADLESS = len(HUMAN_AGENTS) + 1

# Room for the numbers of a day's events: the number divided by it is the ordinal of the day.
EVENTS_OF_A_DAY = 20_000_000
_COPIES_FROM = 10_000_000


@dataclass(frozen=True)
class Batch:
    """Events as columns. Times are UTC milliseconds. `user`: index of a person, ANONYMOUS or ZERO_USER; `account`:
    index, NO_ACCOUNT or UNKNOWN_ACCOUNT; `device`, `kind`, `agent`: places in their tables; `serial` makes the uuid,
    `insert` the insert id (copies share it).
    """

    time_ms: Ints
    upload_ms: Ints
    session_ms: Ints
    device: Ints
    user: Ints
    account: Ints
    kind: Ints
    agent: Ints
    serial: Ints
    insert: Ints

    def __len__(self) -> int:
        return len(self.time_ms)

    def take(self, which: Flags | Ints) -> "Batch":
        return Batch(**{field.name: getattr(self, field.name)[which] for field in fields(Batch)})

    def sorted_by_upload(self) -> "Batch":
        return self.take(np.lexsort((self.serial, self.upload_ms)))

    @property
    def is_future(self) -> Flags:
        """More than an hour ahead of their receipt: such events are quarantined."""
        return self.time_ms > self.upload_ms - RECEIVED_BEFORE_UPLOAD_MS + FUTURE_MS

    @property
    def is_bot(self) -> Flags:
        return self.agent >= len(HUMAN_AGENTS)


def concatenate(batches: Sequence[Batch]) -> Batch:
    return Batch(**{f.name: np.concatenate([getattr(b, f.name) for b in batches]) for f in fields(Batch)})


class DayMaker:
    """Makes the events that happen on a day in the reporting time zone; the same day is always the same."""

    def __init__(
        self,
        company: Population,
        traits: Traits,
        plan: dict[int, list[PlannedEvent]],
        events_per_active_day: float,
    ) -> None:
        self._company, self._traits, self._plan = company, traits, plan
        self._extra_events = events_per_active_day - 1.0
        self._ordinary_accounts = np.array([a.index for a in company.accounts if not a.is_test])
        self._patience = patience(company)
        self.devices = list(traits.devices)
        rng = company.rng("usage.visitors")
        self._size = max(1.0, len(company.people) / 300)
        self._crawlers = self._add_devices("crawler", 3)
        self._kiosks = self._add_devices("kiosk", 2)
        visitors = round(14 * self._size)
        self._visitors = self._add_devices("visitor", visitors)
        self._visitor_start = HISTORY_START.toordinal() + rng.integers(
            0, (HISTORY_END - HISTORY_START).days, visitors
        )

    def _add_devices(self, what: str, count: int) -> Ints:
        first = len(self.devices)
        self.devices += [f"device-{what}-{number:05d}" for number in range(count)]
        return np.arange(first, first + count)

    def make(self, day: date) -> Batch:
        """Every event of the day, those included that are uploaded days later."""
        rng = self._company.rng(f"usage.day.{day.isoformat()}")
        opens = ms(datetime.combine(day, time(), BERLIN))
        length = ms(datetime.combine(day + timedelta(days=1), time(), BERLIN)) - opens
        parts = [
            self._people(day, opens, length, rng),
            self._passive(day, opens, rng),
            self._without_people(day, opens, length, rng),
        ]
        drawn = concatenate(parts)
        planned = self._planned(self._plan.get(day.toordinal(), []))
        return self._on_the_way(drawn, planned, day, rng)

    def _people(self, day: date, opens: int, length: int, rng: np.random.Generator) -> Batch:
        t, ordinal = self._traits, day.toordinal()
        is_first = t.start == ordinal
        chance = np.where(t.is_robot, t.activity, np.minimum(t.activity * season(day), 0.97))
        is_active = (
            ((rng.random(len(t.start)) < chance) | is_first) & (t.start <= ordinal) & (t.end > ordinal)
        )
        who = np.flatnonzero(is_active)
        count = 1 + rng.poisson(np.maximum(self._extra_events, 0.2) * t.intensity[who])
        count = np.where(is_first[who], np.maximum(count, 3), count)
        row = np.repeat(np.arange(len(who)), count)
        person = who[row]
        total = len(person)

        weights = t.weights[who] * (t.kind_open[who] <= ordinal) * kinds_live_on(day)
        cumulative = np.cumsum(weights, axis=1)
        drawn = rng.random(total) * cumulative[row, -1]
        kind = np.minimum((cumulative[row] <= drawn[:, None]).sum(axis=1), len(KINDS) - 1)

        time_ms = opens + _times_of_day(total, length, rng)
        order = np.lexsort((time_ms, person))
        person, kind, time_ms, row = person[order], kind[order], time_ms[order], row[order]
        first_of = np.concatenate([[True], person[1:] != person[:-1]]) if total else np.zeros(0, dtype=bool)
        firsts = np.flatnonzero(first_of)
        group = np.cumsum(first_of) - 1
        place = np.arange(total) - firsts[group]

        newcomer = is_first[person]
        device = np.where((rng.random(total) < 0.26) & ~newcomer, t.device[person, 1], t.device[person, 0])
        user = person.copy()
        account = self._accounts_named(person, rng)
        # Before the first log-in, and sometimes after one.
        before = newcomer & (place < 2) & (person % 3 != 0)
        after = ~newcomer & (rng.random(total) < 0.012) & ~t.is_robot[person]
        user[before | after] = ANONYMOUS
        account[before | after] = NO_ACCOUNT
        kind[before] = np.where(
            place[before] == 0, KIND_OF["pricing_viewed", None], KIND_OF["template_used", None]
        )
        kind[after] = KIND_OF["board_opened", None]
        kind = declined(kind, person, self._patience, day)
        agent = t.device[person, 0] % len(HUMAN_AGENTS)
        agent = np.where(
            (rng.random(total) < 0.0025) & ~t.shares_device[person] & (user >= 0), HEADLESS, agent
        )
        agent = np.where(t.is_robot[person], HEADLESS, agent)
        return _batch(
            time_ms, device, user, account, kind, agent, session=time_ms[firsts][group] if total else time_ms
        )

    def _accounts_named(self, person: Ints, rng: np.random.Generator) -> Ints:
        """The account that each event of a person names."""
        t, total = self._traits, len(person)
        account = t.account[person].copy()
        second = t.second_account[person]
        account = np.where((second >= 0) & (rng.random(total) < 0.35), second, account)
        guest = self._ordinary_accounts[rng.integers(0, len(self._ordinary_accounts), total)]
        account = np.where(t.is_internal[person], guest, account)
        forgotten, foreign = rng.random(total) < 0.03, rng.random(total) < 0.001
        names = t.names_account[person]
        account = np.where((names == 1) & forgotten, NO_ACCOUNT, account)
        account = np.where((names == 1) & foreign & (account >= 0), UNKNOWN_ACCOUNT, account)
        return np.where(names == 0, NO_ACCOUNT, account)

    def _passive(self, day: date, opens: int, rng: np.random.Generator) -> Batch:
        t, ordinal = self._traits, day.toordinal()
        reached = (t.start < ordinal) & (t.end > ordinal) & ~t.shares_device & ~t.is_robot
        who = np.flatnonzero(reached & (rng.random(len(t.start)) < 0.05))
        time_ms = opens + rng.integers(5 * HOUR_MS, 22 * HOUR_MS, len(who))
        kind = np.array(PASSIVE_KINDS)[rng.integers(0, 2, len(who))]
        agent = t.device[who, 0] % len(HUMAN_AGENTS)
        account = np.where(t.names_account[who] == 0, NO_ACCOUNT, t.account[who])
        return _batch(time_ms, t.device[who, 0], who, account, kind, agent)

    def _without_people(self, day: date, opens: int, length: int, rng: np.random.Generator) -> Batch:
        """Crawlers, visitors who never log in, and a login with the zero id."""
        ordinal = day.toordinal()
        near = (self._visitor_start <= ordinal) & (self._visitor_start > ordinal - 16)
        visitors = self._visitors[near & (rng.random(len(self._visitors)) < 0.3 * season(day) + 0.02)]
        visitors = np.repeat(visitors, rng.integers(1, 4, len(visitors)))
        crawls = self._crawlers[rng.integers(0, len(self._crawlers), int(rng.poisson(0.9 * self._size)))]
        zeros = self._kiosks[rng.integers(0, len(self._kiosks), int(rng.poisson(0.25 * self._size)))]
        device = np.concatenate([visitors, crawls, zeros])
        total = len(device)
        crawler_agents = len(HUMAN_AGENTS) + (crawls - self._crawlers[0]) % len(BOT_AGENTS)
        agent = np.concatenate([visitors % len(HUMAN_AGENTS), crawler_agents, zeros * 0])
        public = np.array(
            [KIND_OF["pricing_viewed", None], KIND_OF["template_used", None], KIND_OF["board_opened", None]]
        )
        user = np.concatenate(
            [np.full(len(visitors) + len(crawls), ANONYMOUS), np.full(len(zeros), ZERO_USER)]
        )
        return _batch(
            opens + _times_of_day(total, length, rng), device, user, np.full(total, NO_ACCOUNT),
            public[rng.integers(0, 3, total)], agent,
        )  # fmt: skip

    def _planned(self, events: list[PlannedEvent]) -> Batch:
        t = self._traits
        person = np.array([event.person for event in events], dtype=np.int64)
        time_ms = np.array([event.time_ms for event in events], dtype=np.int64)
        kind = np.array([event.kind for event in events], dtype=np.int64)
        device = t.device[person, 0]
        account = np.where(t.names_account[person] == 0, NO_ACCOUNT, t.account[person])
        batch = _batch(time_ms, device, person, account, kind, device % len(HUMAN_AGENTS))
        batch.upload_ms[:] = [event.upload_ms for event in events]
        return batch

    def _on_the_way(self, drawn: Batch, planned: Batch, day: date, rng: np.random.Generator) -> Batch:
        """Uploads, late and future events, copies; and the numbers that tell events apart."""
        both = concatenate([drawn, planned])
        total = len(both)
        is_fixed = both.upload_ms > 0
        is_step = np.isin(both.kind, FUNNEL_KINDS)
        upload = both.time_ms + 1000 + np.minimum(rng.exponential(12_000, total), 110_000).astype(np.int64)
        luck = rng.random(total)
        by_days = (luck < 0.0055) & ~is_step
        by_hours = (luck >= 0.0055) & (luck < 0.0255)
        delay = np.where(by_hours, rng.integers(HOUR_MS, 12 * HOUR_MS, total), 0)
        delay = np.where(by_days, rng.integers(DAY_MS, 5 * DAY_MS, total), delay)
        delay = np.where(by_days & (luck < 0.0004), rng.integers(10 * DAY_MS, 20 * DAY_MS, total), delay)
        upload = np.where(is_fixed, both.upload_ms, upload + delay)
        ahead = ~is_fixed & ~is_step & (rng.random(total) < 0.0012)
        time_ms = np.where(ahead, upload + rng.integers(2 * HOUR_MS, 72 * HOUR_MS, total), both.time_ms)
        serial = day.toordinal() * EVENTS_OF_A_DAY + np.arange(total)
        sent = Batch(
            time_ms,
            upload,
            both.session_ms,
            both.device,
            both.user,
            both.account,
            both.kind,
            both.agent,
            serial,
            serial,
        )
        # The client sends some events twice: the same insert id, but another uuid.
        again = np.flatnonzero((rng.random(total) < 0.01) & ~ahead & ~is_fixed)
        copies = sent.take(again)
        copies.serial[:] += _COPIES_FROM
        copies.upload_ms[:] += rng.integers(2000, 6 * HOUR_MS, len(again))
        return concatenate([sent, copies])


def _batch(
    time_ms: Ints,
    device: Ints,
    user: Ints,
    account: Ints,
    kind: Ints,
    agent: Ints,
    session: Ints | None = None,
) -> Batch:
    """Events that have not been sent yet."""
    nothing = np.zeros(len(time_ms), dtype=np.int64)
    return Batch(
        time_ms, nothing.copy(), time_ms if session is None else session, device, user.astype(np.int64),
        account.astype(np.int64), kind, agent, nothing, nothing,
    )  # fmt: skip


def _times_of_day(total: int, length: int, rng: np.random.Generator) -> Ints:
    """Milliseconds after midnight: two peaks in office hours, some at any time, a few right beside midnight."""
    hours: Floats = np.where(
        rng.random(total) < 0.5, rng.normal(10.3, 1.5, total), rng.normal(14.9, 1.7, total)
    )
    hours = np.where(rng.random(total) < 0.08, rng.random(total) * 24, hours)
    moments = (np.clip(hours, 0.0, 24.0) * HOUR_MS).astype(np.int64)
    beside = rng.random(total)
    seconds = rng.integers(0, 90_000, total)
    moments = np.where(beside < 0.003, seconds, moments)
    moments = np.where(beside > 0.997, length - 1 - seconds, moments)
    return np.clip(moments, 0, length - 1)
