"""Weeks from Monday and from Sunday: in Python, in dbt's SQL, in MetricFlow's and in the schedule, against counting days."""

import re
import shutil
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.engine import MetricEngine
from metrics.periods import complete_periods, period_name
from metrics.values import append_metric_values
from orchestration.jobs import build_schedules
from reports.reading import first_day_in, last_complete_week
from sandbox.serving.environment import REGISTRY
from settings.home import Home
from settings.night import Night
from settings.weeks import FIRST_DAYS, FirstDay, named_week, start_of_week, week_name
from tests.metric_warehouse import ROOT, create_warehouse, execute, insert, manifest_of, value
from tests.sql_macros import connected, macros, model_sql

DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))
STARTS_ON = st.sampled_from(FIRST_DAYS)
SUNDAY: FirstDay = "sunday"
METRICS = ("active_users_week", "tickets_created", "active_users_7d", "contact_rate")


def counted_back(day: date, starts_on: str) -> date:
    """The first day of a day's week, found by going back day by day."""
    while f"{day:%A}".lower() != starts_on:
        day -= timedelta(days=1)
    return day


@given(DAYS, STARTS_ON)
def test_a_week_begins_on_its_day_and_bears_the_iso_name_of_most_of_its_days(
    day: date, starts_on: FirstDay
) -> None:
    first = start_of_week(day, starts_on)
    assert first == counted_back(day, starts_on)
    names = Counter(f"{first + timedelta(days=number):%G-W%V}" for number in range(7))
    assert names.most_common(1)[0][0] == week_name(first) == period_name("week", first)
    assert min(names.values()) == 1 if starts_on == SUNDAY else len(names) == 1
    assert named_week(week_name(first), starts_on) == first
    # No two weeks have one name.
    assert week_name(first + timedelta(days=7)) != week_name(first)


@given(DAYS, st.integers(0, 60), st.integers(0, 30), STARTS_ON)
def test_complete_weeks_are_those_that_lie_whole_between_two_days(
    first_day: date, days: int, closes: int, starts_on: FirstDay
) -> None:
    as_of = first_day + timedelta(days=days)
    span = [first_day + timedelta(days=number) for number in range(days)]
    whole = [
        day for day in span if f"{day:%A}".lower() == starts_on and day + timedelta(days=6 + closes) < as_of
    ]
    expected = (whole[0], whole[-1] + timedelta(days=6)) if whole else None
    assert complete_periods("week", first_day, as_of, closes, starts_on) == expected


@pytest.mark.parametrize("name", ["2026-11", "W46", "2026-W99", "2026-W54", "last", "2026-Wxx", "0000-W01"])
def test_what_is_no_week_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"is no ISO week: write it as 2026-W46"):
        named_week(name, SUNDAY)


@pytest.mark.parametrize("starts_on", FIRST_DAYS)
def test_sql_cuts_the_same_weeks(starts_on: FirstDay) -> None:
    start = macros(week_starts_on=starts_on).week_start("day")
    days = [date(2019, 12, 1) + timedelta(days=number) for number in range(3000)]
    with connected() as connection:
        connection.execute(
            f"create table int_calendar__days as select cast(day as date) as date_day, {start} as week_start, "
            f"{start} + 6 as week_end, cast(day as date) as month_start, cast(day as date) as month_end "
            "from range(date '2019-12-01', date '2019-12-01' + 3000, interval 1 day) as spine(day)"
        )
        connection.execute("create table stg_registry__calendar (calendar_date date, kind text)")
        sql = model_sql("dim_date", week_starts_on=starts_on, as_of="2026-11-16")
        rows = connection.execute(
            f"select date_day, cast(week_start as date), iso_week, is_weekend from ({sql}) order by 1"
        ).fetchall()
    assert rows == [
        (
            day,
            counted_back(day, starts_on),
            week_name(counted_back(day, starts_on)),
            f"{day:%a}" in ("Sat", "Sun"),
        )
        for day in days
    ]


def test_sql_knows_no_other_first_day() -> None:
    with pytest.raises(ValueError, match="a week starts on monday or sunday"):
        macros(week_starts_on="friday").week_start("day")


def sunday_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    registry = Path(shutil.copytree(REGISTRY, folder / "registry"))
    file = registry / "organisation.yml"
    file.write_text(file.read_text().replace("week_starts_on: monday", "week_starts_on: sunday"))
    monkeypatch.setenv("POPS_REGISTRY_DIR", str(registry))
    monkeypatch.setenv("POPS_HOME", str(folder))
    return Home.from_environment().prepare()


def test_the_same_facts_in_weeks_from_sunday(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = sunday_home(tmp_path, monkeypatch)
    path, manifest = create_warehouse(home.warehouse), manifest_of(*METRICS)
    # 2026-11-08 is a Sunday: p1 of Saturday is of the week before, p2 of Sunday and p3 of Saturday of one week.
    people = {
        "p1": date(2026, 11, 7),
        "p2": date(2026, 11, 8),
        "p3": date(2026, 11, 14),
        "p4": date(2026, 11, 15),
    }
    insert(
        path,
        "marts.fct_usage_daily",
        [(person, day, "board", "studio", "smb") for person, day in people.items()],
    )
    insert(
        path,
        "marts.fct_ticket",
        [(f"t{person}", "board", "smb", True, False, day) for person, day in people.items()],
    )
    as_of = date(2026, 11, 17)
    append_metric_values(path, MetricEngine(manifest, SUNDAY), as_of, date(2026, 10, 20))
    for metric in ("active_users_week", "tickets_created"):
        counts = {
            row[0]: row[1]
            for row in execute(
                path,
                "select period_start, value from metrics.metric_values where value > 0 and is_current "
                f"and metric = '{metric}' and coalesce(product_id, feature_id, segment) is null",
            )
        }
        assert counts == {date(2026, 11, 1): 1, date(2026, 11, 8): 2}, metric
    # Days that roll do not know weeks.
    assert value(path, "active_users_7d", date(2026, 11, 14)) == (2, None, 2, 2)
    # The first whole week of history that has Sunday as its first day.
    assert execute(
        path, "select min(period_start) >= date '2026-10-25' from metrics.metric_values where grain = 'week'"
    ) == [(True,)]


def test_a_night_with_weeks_from_sunday_reports_the_one_that_ended_on_saturday(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = sunday_home(tmp_path, monkeypatch)
    with duckdb.connect(
        str(home.published.parent.mkdir(parents=True, exist_ok=True) or home.published)
    ) as mart:
        mart.execute("create schema meta; create table meta.publication as select date '2026-11-15' as as_of")
        mart.execute(
            "create schema mart; create table mart.dim_organisation as select 'sunday' as week_starts_on"
        )
    assert last_complete_week(home.published) == "2026-W46"
    assert first_day_in(home.published, "2026-W46") == date(2026, 11, 8)
    night = Night.of(date(2026, 11, 16), datetime(2026, 11, 16, 3, tzinfo=ZoneInfo("UTC")), {})
    assert night.history_start.astimezone(ZoneInfo("Europe/Berlin")).date() == date(2026, 5, 17)


@pytest.mark.parametrize(("at", "cron"), [("02:00", "0 7 * * 0"), ("21:45", "45 2 * * 1")])
def test_the_weekly_report_follows_the_night_of_the_first_day(
    at: str, cron: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sunday_home(tmp_path, monkeypatch)
    (weekly,) = (each for each in build_schedules({"POPS_NIGHT_AT": at}) if each.name == "weekly_report")
    assert weekly.cron_schedule == cron


# Where a week is cut or named: once in Python, once in SQL of dbt, once in SQL of MetricFlow, once in the published views.
CUT_IN = {"settings/weeks.py", "dbt_project/macros/clock.sql", "dbt_project/models/marts/core/dim_date.sql", "metrics/compiler.py", "publication/subject_views.py"}  # fmt: skip
_CUTS = re.compile(r"\bweekday\(\)|isocalendar|%G|%V|date_trunc\(\s*'week'", re.IGNORECASE)


def test_weeks_are_cut_nowhere_else() -> None:
    files = [
        file
        for folder in ROOT.iterdir()
        if folder.is_dir() and folder.name not in ("tests", "sandbox") and not folder.name.startswith(".")
        for file in folder.rglob("*")
        if file.suffix in (".py", ".sql", ".yml", ".j2") and not {"target", "data"} & set(file.parts)
    ]
    assert {file.relative_to(ROOT).as_posix() for file in files if _CUTS.search(file.read_text())} == CUT_IN
