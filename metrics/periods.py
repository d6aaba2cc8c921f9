"""Days, weeks and months: which are over as of a date, what they are called, and how far back some of them reach."""

import calendar
import re
from datetime import date, timedelta

from settings.weeks import MONDAY, FirstDay, start_of_week, week_name

_DAYS = {"d": 1, "w": 7}


def complete_periods(
    grain: str, first_day: date, as_of: date, closes_after_days: int = 0, week_starts_on: FirstDay = MONDAY
) -> tuple[date, date] | None:
    """First and last day of the whole days, weeks or months that begin on or after `first_day` and are over.

    A period is over when it ended, and `closes_after_days` more days passed, before `as_of`. None: there is none.
    """
    last_day = as_of - timedelta(days=1 + closes_after_days)
    if grain == "week":
        first_day = start_of_week(first_day + timedelta(days=6), week_starts_on)
        last_day = start_of_week(last_day + timedelta(days=1), week_starts_on) - timedelta(days=1)
    elif grain == "month":
        if first_day.day > 1:
            first_day = _month_end(first_day) + timedelta(days=1)
        if last_day != _month_end(last_day):
            last_day = last_day.replace(day=1) - timedelta(days=1)
    return (first_day, last_day) if first_day <= last_day else None


def next_period(grain: str, first_day: date) -> date:
    """First day of the period after the one that begins on `first_day`."""
    if grain == "month":
        return _month_end(first_day) + timedelta(days=1)
    return first_day + timedelta(days=7 if grain == "week" else 1)


def period_name(grain: str, first_day: date) -> str:
    """As people write it: 2026-11-15, 2026-W46 or 2026-11."""
    if grain == "week":
        return week_name(first_day)
    return f"{first_day:%Y-%m}" if grain == "month" else first_day.isoformat()


def days_back(span: str, end: date) -> date:
    """The day that lies a span such as 30d, 8w or 6m before `end`. Raises ValueError for any other text."""
    found = re.fullmatch(r"([1-9]\d{0,3})([dwm])", span.strip().lower())
    if found is None:
        raise ValueError(f"{span!r} is no span of time: write days, weeks or months, such as 30d, 8w or 6m.")
    number, unit = int(found[1]), found[2]
    if unit in _DAYS:
        return end - timedelta(days=number * _DAYS[unit])
    months = end.year * 12 + end.month - 1 - number
    year, month = divmod(months, 12)
    return date(year, month + 1, min(end.day, calendar.monthrange(year, month + 1)[1]))


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
