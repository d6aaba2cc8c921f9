"""Moments of work: the company lives in one time zone, the vendors' records are in UTC."""

import math
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

BERLIN = ZoneInfo("Europe/Berlin")
# Nobody works in these hours, apart from what is planted there: facts that keep no history then have one
# answer, whether a night looks at midnight or when it reads the vendors.
QUIET_UNTIL = 2


def local(text: str) -> datetime:
    """The UTC moment of a local time written like `2026-11-09 10:11` or `2026-11-09 10:11:12.123`.

    In the hour that the clock shows twice, the first one is meant.
    """
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def at_local(day: date, hour: float) -> datetime:
    """The UTC moment at which the local clock shows `hour` (10.5 = half past ten) of `day`."""
    seconds = min(int(hour * 3600), 86_399)
    clock = time(seconds // 3600, seconds % 3600 // 60, seconds % 60)
    return datetime.combine(day, clock, BERLIN).astimezone(UTC)


def midnight(day: date) -> datetime:
    """The UTC moment at which `day` begins in the company's time zone."""
    return datetime.combine(day, time(), BERLIN).astimezone(UTC)


def local_date(moment: datetime) -> date:
    """The day of an aware moment in the company's time zone."""
    return moment.astimezone(BERLIN).date()


def week_of(day: date) -> date:
    """The Monday of the ISO week of `day`."""
    return day - timedelta(days=day.weekday())


def whole_seconds(moment: datetime) -> int:
    """Seconds since 1970, rounded down."""
    return math.floor(moment.timestamp())


def seconds_between(start: datetime, end: datetime) -> int:
    """Seconds from `start` to `end`, each cut to whole seconds."""
    return whole_seconds(end) - whole_seconds(start)


def awake(moment: datetime) -> datetime:
    """`moment`, or three hours later when it lies in the quiet hours after midnight."""
    return moment + timedelta(hours=3) if moment.astimezone(BERLIN).hour < QUIET_UNTIL else moment


def next_work(rng: np.random.Generator, after: datetime, days: float, own_hours: float = 0.06) -> datetime:
    """About `days` after `after`, in office hours of a working day, but for a share of `own_hours`."""
    moment = after + timedelta(days=max(days, 0.001))
    if rng.random() < own_hours:
        return awake(moment)
    clock = moment.astimezone(BERLIN)
    if clock.weekday() < 5 and 8 <= clock.hour < 19:
        return moment
    day = clock.date() + timedelta(days=1 if clock.hour >= 19 and clock.weekday() < 5 else 0)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return at_local(day, 8.5 + 9.5 * rng.random()) + timedelta(milliseconds=int(rng.integers(1000)))
