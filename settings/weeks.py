"""Weeks: on which day they begin, and what they are called. DECISIONS.md says why a week from Sunday has an ISO name."""

from datetime import date, timedelta
from typing import Literal, get_args

from connectors.registry.files import load_organisation, registry_dir

FirstDay = Literal["monday", "sunday"]
FIRST_DAYS: tuple[FirstDay, ...] = get_args(FirstDay)
MONDAY: FirstDay = "monday"
# Dates outside of these are slips of a pen, and near the ends of the calendar weeks before and after do not exist.
YEARS = range(1970, 2200)


def week_starts_on() -> FirstDay:
    """The first day of a week, from the registry. Raises InvalidRegistry."""
    return load_organisation(registry_dir()).week_starts_on


def start_of_week(day: date, starts_on: FirstDay) -> date:
    """The first day of the week in which a day lies."""
    return day - timedelta(days=(day.weekday() + FIRST_DAYS.index(starts_on)) % 7)


def week_name(first_day: date) -> str:
    """What the week that begins on a Monday or Sunday is called: that ISO week which has at least six of its days."""
    return (first_day + timedelta(days=3)).strftime("%G-W%V")


def named_week(name: str, starts_on: FirstDay) -> date:
    """The day on which a week such as 2026-W46 begins. Raises ValueError for any other text."""
    try:
        year, number = name.upper().split("-W")
        if int(year) not in YEARS:
            raise ValueError
        return start_of_week(date.fromisocalendar(int(year), int(number), 2), starts_on)
    except (ValueError, OverflowError):
        raise ValueError(f"{name!r} is no ISO week: write it as 2026-W46.") from None
