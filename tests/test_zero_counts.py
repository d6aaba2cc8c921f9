"""Counts of nothing: 0 where the member was there and its sources were read, no row elsewhere, never a rate."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from connectors.raw_facts import ReadState
from metrics.values import MetricRun, append_metric_values
from metrics.zeros import days_read
from reports.restatements import restatements, revisions
from tests.metric_warehouse import create_warehouse, engine_of, execute, insert, manifest_of

METRICS = ("tickets_created", "one_touch_rate", "active_users_week", "feedback_received", "contact_rate")
AS_OF = date(2026, 11, 16)
# Of history, whose first ticket comes a month later.
FIRST_DAY = date(2026, 9, 7)
ALL_READ = {"zendesk": AS_OF, "amplitude": AS_OF}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = create_warehouse(tmp_path / "warehouse.duckdb")
    insert(
        path,
        "marts.dim_feature",
        [
            ("board", "studio", date(2024, 3, 5), None),
            ("alerts", "insights", date(2026, 10, 21), date(2026, 11, 5)),
            ("(unmapped)", "(unmapped)", None, None),
        ],
    )
    insert(
        path,
        "marts.fct_ticket",
        [
            ("t1", "board", "smb", True, False, date(2026, 10, 6)),
            ("t2", "board", "enterprise", True, False, date(2026, 11, 10)),
        ],
    )
    return path


def run(path: Path, read: Mapping[str, date], as_of: date = AS_OF) -> MetricRun:
    return append_metric_values(path, engine_of(manifest_of(*METRICS)), as_of, FIRST_DAY, read)


def weeks(path: Path, where: str, metric: str = "tickets_created") -> dict[str, float]:
    rows = execute(
        path,
        "select strftime(period_start, '%m-%d'), value from metrics.metric_values "
        f"where is_current and metric = '{metric}' and value is not null and {where} order by 1",
    )
    return dict(rows)


@pytest.mark.parametrize(
    ("metric", "flag", "table", "rows"),
    [
        ("tickets_created", "has_ticket_tags", None, []),
        (
            "active_users_week",
            "is_instrumented",
            "marts.fct_usage_daily",
            [("p1", date(2026, 10, day), "board", "studio", "smb", "a1") for day in (7, 30)],
        ),
        (
            "feedback_received",
            "has_feedback_sources",
            "marts.fct_feedback",
            [("f1", "board", None, date(2026, 10, 7), "studio", "a1")],
        ),
    ],
)
def test_a_feature_that_nothing_tells_has_no_number(
    warehouse: Path, metric: str, flag: str, table: str | None, rows: list[tuple[Any, ...]]
) -> None:
    if table:
        insert(warehouse, table, rows)
    execute(
        warehouse, f"update marts.dim_feature set {flag} = feature_id <> 'alerts' where live_from is not null"
    )
    run(warehouse, ALL_READ)
    assert weeks(warehouse, "feature_id = 'alerts' or product_id = 'insights'", metric) == {}
    assert len(weeks(warehouse, "feature_id = 'board'", metric)) == 6


WHOLE = "coalesce(feature_id, segment, product_id) is null"


def test_a_count_has_a_row_for_every_period_in_which_its_member_was_there(warehouse: Path) -> None:
    run(warehouse, ALL_READ)
    expected = {"10-05": 1, "10-12": 0, "10-19": 0, "10-26": 0, "11-02": 0, "11-09": 1}
    assert weeks(warehouse, WHOLE) == expected
    assert weeks(warehouse, "feature_id = 'board'") == expected
    # Live from a Wednesday to a Thursday, without a ticket.
    assert weeks(warehouse, "feature_id = 'alerts'") == {"10-19": 0, "10-26": 0, "11-02": 0}
    # A segment is there from its first ticket on.
    assert weeks(warehouse, "segment = 'smb'") == {**expected, "11-09": 0}
    assert weeks(warehouse, "segment = 'enterprise'") == {"11-09": 1}
    assert execute(
        warehouse,
        "select distinct numerator, denominator, n from metrics.metric_values "
        "where metric = 'tickets_created' and value = 0",
    ) == [(0, None, 0)]


def test_rates_and_what_was_never_used_have_no_row_of_nothing(warehouse: Path) -> None:
    run(warehouse, ALL_READ)
    assert weeks(warehouse, "(value = 0 or n = 0)", "one_touch_rate") == {}
    assert weeks(warehouse, "true", "active_users_week") == {}


@pytest.mark.parametrize(
    ("read", "zeros"),
    [
        ({}, []),
        ({"amplitude": AS_OF}, []),
        ({"zendesk": date(2026, 11, 5)}, ["10-12", "10-19", "10-26"]),
        # Of two desks one is behind: what it holds of the last weeks is unknown.
        ({"zendesk": AS_OF, "intercom": date(2026, 11, 2)}, ["10-12", "10-19", "10-26"]),
        ({"zendesk": AS_OF, "intercom": date.min}, []),
    ],
)
def test_what_was_not_read_is_unknown(warehouse: Path, read: dict[str, date], zeros: list[str]) -> None:
    run(warehouse, read)
    assert [week for week, count in weeks(warehouse, WHOLE).items() if count == 0] == zeros


@pytest.mark.parametrize(
    ("read", "zeros"),
    [
        # Nobody says what was read: whoever asks for numbers of a warehouse of their own.
        ({}, ["10-12", "10-19", "10-26", "11-02"]),
        # No desk was ever switched on.
        ({"amplitude": AS_OF}, []),
        ({"amplitude": AS_OF, "zendesk": AS_OF}, ["10-12", "10-19", "10-26", "11-02"]),
        ({"amplitude": AS_OF, "zendesk": date(2026, 11, 5)}, ["10-12", "10-19", "10-26"]),
        ({"amplitude": AS_OF, "zendesk": AS_OF, "intercom": date.min}, []),
    ],
)
def test_a_rate_of_nothing_that_another_tool_would_have_told_is_unknown(
    warehouse: Path, read: dict[str, date], zeros: list[str]
) -> None:
    days = [date(2026, 10, 6) + timedelta(weeks=week) for week in range(6)]
    insert(warehouse, "marts.fct_usage_daily", [("p1", day, "board", "studio", "smb", "a1") for day in days])
    run(warehouse, read)
    for cut in (WHOLE, "feature_id = 'board'"):
        found = weeks(warehouse, cut, "contact_rate")
        assert [week for week, value in found.items() if value == 0] == zeros
        assert {week for week, value in found.items() if value} == {"10-05", "11-09"}


def test_a_first_row_of_an_old_week_restates_nothing(warehouse: Path) -> None:
    run(warehouse, {}, AS_OF - timedelta(days=1))
    done = run(warehouse, ALL_READ)
    assert done.added > 10
    assert (done.revised, done.withdrawn) == (0, 0)
    with duckdb.connect(str(warehouse), read_only=True) as mart:
        for week in (date(2026, 10, 12), date(2026, 11, 2)):
            assert restatements(mart, week, {}) == ()
            assert revisions(mart, week, {}) == []
    again = run(warehouse, ALL_READ)
    assert (again.added, again.revised, again.withdrawn) == (0, 0, 0)


def test_a_ticket_that_is_found_later_takes_the_place_of_nothing(warehouse: Path) -> None:
    run(warehouse, ALL_READ, AS_OF - timedelta(days=1))
    insert(warehouse, "marts.fct_ticket", [("t3", "board", "smb", True, False, date(2026, 10, 13))])
    run(warehouse, ALL_READ)
    assert weeks(warehouse, WHOLE)["10-12"] == 1
    with duckdb.connect(str(warehouse), read_only=True) as mart:
        assert {each.first_value for each in restatements(mart, date(2026, 10, 12), {})} == {0}


def test_a_source_is_read_up_to_the_day_of_the_reporting_time_zone() -> None:
    until = datetime(2026, 11, 16, 1, tzinfo=UTC).replace(tzinfo=None)
    states = [
        ReadState("zendesk", "support", "ok", datetime(2026, 11, 15, 23, 30), until, 1),
        ReadState("jira", "delivery", "damaged", None, until, None),
        ReadState("intercom", "support", "off", None, until, 0),
    ]
    assert days_read(states, ZoneInfo("Europe/Berlin")) == {"zendesk": AS_OF, "jira": date.min}
    assert days_read(states[:1], ZoneInfo("UTC")) == {"zendesk": date(2026, 11, 15)}
