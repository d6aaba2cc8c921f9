"""Where clocks change at midnight a day has none, or two: each begins at its first moment, as Python's zones have it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tests.sql_macros import macros

# Clocks are put forward or back at midnight, or to it; in the last two they are not, and by half an hour.
ZONES = (
    "America/Havana", "Atlantic/Azores", "Asia/Beirut", "America/Santiago", "America/Asuncion", "America/Scoresbysund",
    "America/Nuuk", "Africa/Cairo", "Africa/El_Aaiun", "Europe/Berlin", "Australia/Lord_Howe",
)  # fmt: skip
FIRST, AFTER = datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
STEP = timedelta(minutes=15)


def first_moments(zone: str) -> dict[date, datetime]:
    """By date, the first moment whose date it is: looked for in a row of all moments, not computed."""
    found: dict[date, datetime] = {}
    moment, wall = FIRST, ZoneInfo(zone)
    while moment < AFTER:
        found.setdefault(moment.astimezone(wall).date(), moment)
        moment += STEP
    # Of the first one the beginning was before.
    return dict(list(found.items())[1:])


@pytest.mark.parametrize("zone", ZONES)
def test_each_day_begins_at_its_first_moment(zone: str) -> None:
    expected = first_moments(zone)
    made = macros(reporting_time_zone=zone)
    with duckdb.connect() as engine:
        engine.execute("set TimeZone = 'UTC'")
        engine.execute("create table days (day date)")
        engine.executemany("insert into days values (?)", [(day,) for day in expected])
        begins = made.reporting_midnight("day")
        rows = engine.execute(
            f"select day, {begins}, {made.reporting_date(f'({begins})')}, {made.reporting_date(f'(({begins}) - interval 1 second)')} from days"
        ).fetchall()
    assert {day: moment for day, moment, _, _ in rows} == {
        day: moment.replace(tzinfo=None) for day, moment in expected.items()
    }
    assert all(cut == day and before < day for day, _, cut, before in rows)


@pytest.mark.parametrize("zone", ZONES)
def test_python_begins_a_day_where_the_models_do(zone: str) -> None:
    expected = first_moments(zone)
    assert {
        day: datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC) for day in expected
    } == expected
