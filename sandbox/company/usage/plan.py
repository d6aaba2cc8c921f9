"""Events that tell a story or stand on an edge, planned one by one: the trial funnel, zombies, late and midnight events."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np

from sandbox.company.catalogue import FUNNELS, HISTORY_END, HISTORY_START
from sandbox.company.people import Person
from sandbox.company.population import Population
from sandbox.company.usage.traits import FUNNEL_KINDS, KIND_OF, local_ordinal

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WINDOW_MS = FUNNELS[0].window_days * DAY_MS
VALIDATION_LOSS = 0.37
# Chances to reach project, import and plan from the step before; validation follows VALIDATION_LOSS.
_PROJECT, _IMPORT, _PLAN = 0.88, 0.8, 0.56


class PlannedEvent(NamedTuple):
    """An event of a person at a moment (UTC ms); `upload_ms` 0 leaves the upload to chance."""

    time_ms: int
    person: int
    kind: int
    upload_ms: int = 0


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def plan_events(company: Population) -> dict[int, list[PlannedEvent]]:
    """Planned events by the ordinal of their date in the reporting time zone, in order of time."""
    pool = ordinary_people(company)
    events = [*_trials(pool, company.rng("usage.trials")), *_stories(company, pool), *_edges(pool)]
    by_day: dict[int, list[PlannedEvent]] = {}
    for event in sorted(events):
        day = local_ordinal(datetime.fromtimestamp(event.time_ms / 1000, UTC))
        by_day.setdefault(day, []).append(event)
    return by_day


def ordinary_people(company: Population) -> list[Person]:
    """Customers of one account on devices of their own, whom nobody takes for two."""
    merged = {p.merged_into for p in company.people} | {
        p.index for p in company.people if p.merged_into is not None
    }
    return [p for p in company.people if _is_ordinary(company, p) and p.index not in merged]


def _is_ordinary(company: Population, person: Person) -> bool:
    if person.is_internal or person.is_bot or not person.devices or person.second_account_index is not None:
        return False
    if person.account_index is None:
        return False
    account = company.accounts[person.account_index]
    return (
        not account.is_test
        and account.merged_into is None
        and not any("shared" in name for name in person.devices)
    )


def _veterans(pool: list[Person]) -> list[Person]:
    """People who are there all the time."""
    return [p for p in pool if p.joined_at.date() < HISTORY_START and p.churned_at is None]


class _Trial:
    """A person's tries in one week: the best one reaches `depth` steps."""

    def __init__(self, person: int, entry_ms: int, depth: int) -> None:
        self.person, self.entry_ms, self.depth = person, entry_ms, depth


def _trials(pool: list[Person], rng: np.random.Generator) -> list[PlannedEvent]:
    trials: list[_Trial] = []
    last_entry = HISTORY_END - timedelta(days=14)

    def enter(person: Person, day: date) -> None:
        if day < HISTORY_START + timedelta(days=1) or day > last_entry:
            return
        entry = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(
            seconds=int(rng.integers(25_000, 54_000))
        )
        depth = 1
        while depth < 3 and rng.random() < (_PROJECT, _IMPORT)[depth - 1]:
            depth += 1
        trials.append(_Trial(person.index, ms(entry) + int(rng.integers(0, 1000)), depth))

    for person in pool:
        joined = date.fromordinal(local_ordinal(person.joined_at))
        if joined >= HISTORY_START and rng.random() < 0.6:
            first = joined + timedelta(days=int(rng.integers(1, 4)))
            enter(person, first)
            if rng.random() < 0.12:
                enter(person, first + timedelta(days=int(rng.integers(21, 60))))
    old_hands = [pool[i] for i in rng.permutation(len(pool)) if pool[i].joined_at.date() < HISTORY_START]
    weekly = max(4, round(len(pool) * 0.004))
    week, place = HISTORY_START, 0
    while week <= last_entry:
        for _ in range(weekly):
            enter(old_hands[place % len(old_hands)], week + timedelta(days=int(rng.integers(0, 7))))
            place += 1
        week += timedelta(days=7)

    trials.sort(key=lambda trial: (trial.entry_ms, trial.person))
    _decide_validation([trial for trial in trials if trial.depth == 3], rng)
    events: list[PlannedEvent] = []
    for number, trial in enumerate(trials):
        events += _steps(trial, number, rng)
    return events


def _decide_validation(importers: list[_Trial], rng: np.random.Generator) -> None:
    """Of those who imported data, 37 % do not come to validation in time: overall, with ups and downs by week."""
    by_week: dict[int, list[_Trial]] = {}
    for trial in importers:
        by_week.setdefault((trial.entry_ms // DAY_MS - 4) // 7, []).append(trial)
    seen = lost = 0
    for place, week in enumerate(sorted(by_week)):
        group = by_week[week]
        seen += len(group)
        swing = (0.06, -0.06, 0.0, 0.03, -0.03, 0.0)[place % 6] * len(group)
        losses = min(len(group), max(0, round(VALIDATION_LOSS * seen + swing) - lost))
        if place == len(by_week) - 1:
            losses = min(len(group), max(0, round(VALIDATION_LOSS * seen) - lost))
        lost += losses
        losers = set(rng.permutation(len(group))[:losses].tolist())
        for i, trial in enumerate(group):
            if i not in losers:
                trial.depth = 5 if rng.random() < _PLAN else 4


def _steps(trial: _Trial, number: int, rng: np.random.Generator) -> list[PlannedEvent]:
    """The events of a trial: steps reached, and what comes too late or again."""
    gaps = [int(rng.lognormal(mean, 0.8) * HOUR_MS) + 1 for mean in (-1.2, 2.2, 2.6, 2.8)][: trial.depth - 1]
    if sum(gaps) > WINDOW_MS - 8 * HOUR_MS:
        gaps = [gap * (WINDOW_MS - 8 * HOUR_MS) // sum(gaps) for gap in gaps]
    if number % 17 == 3 and gaps:
        # Two steps at the same moment.
        gaps[0] = 0
    if number % 19 == 4 and gaps:
        # The last step on the very end of the window, which still counts.
        gaps[-1] += WINDOW_MS - sum(gaps)
    times = [trial.entry_ms]
    for gap in gaps:
        times.append(times[-1] + gap)
    events = [PlannedEvent(time, trial.person, FUNNEL_KINDS[step]) for step, time in enumerate(times)]
    is_late = trial.depth == 3 and number % 4 == 0
    if is_late:
        # One second after the window, or a day or two.
        after = 1000 if number % 12 == 0 else int(rng.integers(HOUR_MS, 60 * HOUR_MS))
        events.append(PlannedEvent(trial.entry_ms + WINDOW_MS + after, trial.person, FUNNEL_KINDS[3]))
    elif number % 4 == 1:
        # Tried and given up before, on the same day.
        events.append(
            PlannedEvent(
                trial.entry_ms - int(rng.integers(60_000, 5 * HOUR_MS)), trial.person, FUNNEL_KINDS[0]
            )
        )
        if number % 8 == 1 and trial.depth > 1:
            events.append(PlannedEvent(trial.entry_ms - 30_000, trial.person, FUNNEL_KINDS[1]))
    return events


def _stories(company: Population, pool: list[Person]) -> list[PlannedEvent]:
    veterans = _veterans(pool)
    rng = company.rng("usage.stories")
    events: list[PlannedEvent] = []

    def add(person: Person, kind: int, day: date) -> None:
        moment = datetime(day.year, day.month, day.day, 8, tzinfo=UTC) + timedelta(
            seconds=int(rng.integers(0, 28_000))
        )
        events.append(PlannedEvent(ms(moment) + int(rng.integers(0, 1000)), person.index, kind))

    # Two features that only a handful of people ever touch.
    for people, event in ((veterans[3:6], "gantt_exported"), (veterans[8:12], "alert_rule_created")):
        for place, person in enumerate(people):
            for day in range(4 + place * 3, (HISTORY_END - HISTORY_START).days, 16 + place):
                add(person, KIND_OF[event, None], HISTORY_START + timedelta(days=day))

    # People who never noticed that webhooks were switched off.
    for place, person in enumerate(veterans[14:17]):
        for used_on in (date(2026, 5, 20), date(2026, 6, 10), date(2026, 6, 24), date(2026, 9, 30)):
            add(person, KIND_OF["webhook_delivered_viewed", None], used_on)
        for used_on in (date(2026, 10, 20), date(2026, 10, 28), date(2026, 11, 5)):
            add(person, KIND_OF["webhook_delivered_viewed", None], used_on + timedelta(days=place))

    # People who still reach a feature that their plan lost.
    on_trial = [
        p
        for p in veterans
        if p.account_index is not None and company.accounts[p.account_index].plan == "trial"
    ]
    for person in on_trial[:2]:
        for used_on in (
            date(2026, 8, 12),
            date(2026, 10, 7),
            date(2026, 10, 22),
            date(2026, 11, 4),
            date(2026, 11, 12),
        ):
            add(person, KIND_OF["automation_created", None], used_on)
    return events


def _edges(pool: list[Person]) -> list[PlannedEvent]:
    """Late events that reach the demo's nights, and events around midnights in the reporting time zone."""
    veterans = _veterans(pool)
    board, dashboard = KIND_OF["board_opened", None], KIND_OF["dashboard_viewed", None]

    def utc(month: int, day: int, hour: int, minute: int = 0, second: float = 0.0) -> int:
        whole = datetime(2026, month, day, hour, minute, tzinfo=UTC)
        return ms(whole) + round(second * 1000)

    late = [
        (utc(11, 12, 9, 11), utc(11, 13, 9, 40)),
        (utc(11, 10, 13, 2), utc(11, 13, 15, 5)),
        (utc(10, 30, 10, 44), utc(11, 13, 18, 20)),
        (utc(11, 11, 8, 15), utc(11, 14, 8, 1)),
        (utc(11, 2, 14, 9), utc(11, 14, 12, 33)),
        (utc(10, 28, 7, 30), utc(11, 14, 19, 3)),
        (utc(11, 13, 15, 21), utc(11, 15, 10, 17)),
        (utc(11, 4, 9, 52), utc(11, 15, 16, 48)),
        (utc(10, 27, 11, 35), utc(11, 15, 20, 2)),
        (utc(11, 8, 12, 12), utc(11, 15, 21, 30)),
    ]
    midnights = [
        # The night of 25 hours, whose hour from two to three comes twice.
        utc(10, 24, 21, 59, 59.999), utc(10, 24, 22, 0, 0), utc(10, 25, 0, 30), utc(10, 25, 1, 30),
        utc(10, 25, 22, 59, 59.999), utc(10, 25, 23, 0, 0),
        # The turn of a week, and the last moments of the demo's days.
        utc(11, 8, 22, 59, 59.5), utc(11, 8, 23, 0, 0), utc(11, 13, 22, 59, 57), utc(11, 14, 22, 59, 58),
    ]  # fmt: skip
    events = [
        PlannedEvent(time, veterans[18 + i % 9].index, (board, dashboard)[i % 2], up)
        for i, (time, up) in enumerate(late)
    ]
    events += [
        PlannedEvent(time, veterans[19 + i % 8].index, board, time + 1000) for i, time in enumerate(midnights)
    ]
    # Uploaded in the last tenth of a second that the night still reads, and in the first moment that it does not.
    events.append(
        PlannedEvent(utc(11, 15, 22, 59, 50), veterans[20].index, dashboard, utc(11, 15, 22, 59, 59.9))
    )
    events.append(PlannedEvent(utc(11, 15, 22, 59, 52), veterans[21].index, dashboard, utc(11, 15, 23, 0, 0)))
    return events
