"""The hours in which the help desk answers: Monday to Friday, 9 to 18 on the company's clock, but for days off."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from sandbox.company.catalogue import HISTORY_START
from sandbox.company.work_time import BERLIN

DAYS_OFF = frozenset({date(2026, 5, 25), date(2026, 12, 25)})
OPENS, CLOSES = 9 * 3600, 18 * 3600
_FIRST_DAY = HISTORY_START - timedelta(days=7)


def business_seconds(start: datetime, end: datetime) -> int:
    """Seconds between two aware moments that lie within the hours. The clock is never changed within them."""
    return _seconds_until(end) - _seconds_until(start)


def moment_after(start: datetime, seconds: int) -> datetime:
    """The first moment until which so many seconds since `start` lie within the hours."""
    clock = start.astimezone(BERLIN)
    while True:
        midnight = clock.replace(hour=0, minute=0, second=0, microsecond=0)
        opens, closes = midnight.replace(hour=OPENS // 3600), midnight.replace(hour=CLOSES // 3600)
        if _is_open(clock.date()) and clock < closes:
            begins = max(clock, opens)
            # The clock is never changed within the hours.
            if seconds <= (closes - begins).total_seconds():
                return (begins + timedelta(seconds=seconds) if seconds else clock).astimezone(UTC)
            seconds -= int((closes - begins).total_seconds())
        clock = (midnight + timedelta(days=1)).replace(hour=0)


@lru_cache(maxsize=200_000)
def _seconds_until(moment: datetime) -> int:
    clock = moment.astimezone(BERLIN)
    today = clock.date()
    second = clock.hour * 3600 + clock.minute * 60 + clock.second
    done = min(max(second, OPENS), CLOSES) - OPENS if _is_open(today) else 0
    return _open_days_before(today) * (CLOSES - OPENS) + done


@lru_cache(maxsize=1_000)
def _open_days_before(day: date) -> int:
    return sum(_is_open(_FIRST_DAY + timedelta(days=place)) for place in range((day - _FIRST_DAY).days))


def _is_open(day: date) -> bool:
    return day.weekday() < 5 and day not in DAYS_OFF
