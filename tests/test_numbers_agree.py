"""One figure of every metric, wherever it is read: SQL on the mart, MetricFlow, metric_values, subject view, `pops query`,
report and digest say the same."""

import math
from collections.abc import Hashable, Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import pandas as pd
import pytest

from messages.digest import read_digest
from metrics.catalogue import read_definitions
from metrics.definitions import MetricDefinition
from metrics.dimensions import DIMENSIONS
from metrics.engine import CompiledRequest, MetricEngine
from metrics.periods import complete_periods, period_name
from metrics.query import query_metric
from metrics.values import ALL
from reports.reading import health_report
from reports.wording import quantity
from settings.home import Home
from tests.mart_sql import MART_SQL, PRODUCT_WEEK, PRODUCT_WEEK_ALONE, PRODUCT_WEEK_ASKED, WIDE_WEEKLY
from tests.nights import NIGHTS, three_nights

AS_OF = NIGHTS[-1]
WEEK = date(2026, 11, 9)
# A number by the first day of its period and its dimensions, `None` being all.
Numbers = dict[tuple[date, tuple[str | None, ...]], float | None]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(three_nights(tmp_path_factory).house.home)


@pytest.fixture(scope="module")
def mart(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(home.published), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def engine(home: Home) -> MetricEngine:
    return MetricEngine(home.dbt_target / "semantic_manifest.json")


@pytest.fixture(scope="module")
def warehouse(home: Home, engine: MetricEngine) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set nested_loop_join_threshold = 100000")
    connection.execute(f"attach '{home.warehouse}' as \"{engine.catalogue}\" (read_only)")
    connection.execute(f'use "{engine.catalogue}"')
    yield connection
    connection.close()


def last_periods(definition: MetricDefinition) -> tuple[date, date]:
    """First and last day of the last complete month, the last four weeks or the last three days."""
    periods = complete_periods(definition.grain, date(2026, 6, 1), AS_OF, definition.closes_after_days)
    assert periods is not None
    last = periods[1]
    first = {"day": last - timedelta(days=2), "week": last - timedelta(days=27), "month": last.replace(day=1)}
    return first[definition.grain], last


def published(mart: duckdb.DuckDBPyConnection, definition: MetricDefinition) -> Numbers:
    first, last = last_periods(definition)
    rows = mart.execute(
        f"select period_start, value, {', '.join(DIMENSIONS)} from metrics.metric_values "
        "where metric = ? and is_current and period_start between ? and ? and value is not null",
        [definition.metric, first, last],
    ).fetchall()
    return {(period, tuple(of)): value for period, value, *of in rows}


def rows_between(
    warehouse: duckdb.DuckDBPyConnection, request: CompiledRequest, first: date, last: date
) -> list[dict[Hashable, Any]]:
    """What a request gives for the periods that begin within two days (both inclusive)."""
    of_days = f"{request.period_column} between date '{first}' and date '{last}'"
    rows: list[dict[Hashable, Any]] = (
        warehouse.execute(f"select * from ({request.sql}) where {of_days}").df().to_dict("records")
    )
    return rows


def asked_of_metricflow(
    warehouse: duckdb.DuckDBPyConnection, engine: MetricEngine, definition: MetricDefinition
) -> Numbers:
    found: Numbers = {}
    for grouping in definition.groupings:
        request = engine.compile(definition.inputs, grouping, definition.grain)
        for row in rows_between(warehouse, request, *last_periods(definition)):
            # A member is a text there, whatever it is in the model.
            dimensions = {name: str(row[request.dimension_columns[name]]) for name in grouping}
            value = row[definition.metric]
            left_out = any(dimensions.get(name) in values for name, values in definition.leave_out.items())
            if value is None or math.isnan(value) or left_out:
                continue
            of = tuple(None if dimensions.get(name) == ALL else dimensions.get(name) for name in DIMENSIONS)
            found[row[request.period_column].date(), of] = value
    return found


def agree(found: Numbers, expected: Numbers) -> list[Any]:
    return [
        (key, found.get(key), expected.get(key))
        for key in found.keys() | expected.keys()
        if not math.isclose(found.get(key) or math.inf, expected.get(key) or -math.inf, rel_tol=1e-9)
        and not (found.get(key) == expected.get(key) == 0)
    ]


def test_metricflow_gives_the_published_numbers_of_every_metric(
    warehouse: duckdb.DuckDBPyConnection, mart: duckdb.DuckDBPyConnection, engine: MetricEngine
) -> None:
    compared = 0
    for definition in engine.definitions:
        found = asked_of_metricflow(warehouse, engine, definition)
        # Where nothing happened MetricFlow has no row, and a count is 0.
        nothing = 0 if definition.is_count else None
        expected = {
            key: value
            for key, value in published(mart, definition).items()
            if key in found or value != nothing
        }
        assert agree(found, expected) == [], definition.metric
        compared += len(expected)
    assert compared > 1000


def test_sql_on_the_mart_gives_the_published_numbers(
    mart: duckdb.DuckDBPyConnection, engine: MetricEngine
) -> None:
    tables = {name for (name,) in mart.execute("select table_name from information_schema.tables").fetchall()}
    for definition in engine.definitions:
        read = {relation.split(".")[1] for relation in engine.relations(definition.inputs)}
        sql = MART_SQL.get(definition.metric)
        assert sql or not read <= tables, f"{definition.metric} can be had from the mart: write its SQL"
        if sql is None:
            continue
        first, last = last_periods(definition)
        # A metric without a whole is compared by its only or first dimension.
        member = None if () in definition.groupings else definition.groupings[0][0]
        expected = {
            key: value
            for key, value in published(mart, definition).items()
            if all((of is None) == (name != member) for name, of in zip(DIMENSIONS, key[1], strict=True))
        }
        found: Numbers = {
            (period, tuple(of if name == member else None for name in DIMENSIONS)): value
            for period, of, value in mart.execute(sql).fetchall()
            if first <= period <= last and value is not None
        }
        assert expected, definition.metric
        assert agree(found, expected) == [], definition.metric


@pytest.mark.parametrize(("metric", "member", "table", "value"), WIDE_WEEKLY)
def test_wide_weekly_tables_show_the_published_numbers(
    mart: duckdb.DuckDBPyConnection, metric: str, member: str, table: str, value: str
) -> None:
    others = " and ".join(f"{name} is null" for name in DIMENSIONS if name != member)
    weeks = f"in (select week_start from mart.{table})"
    expected = mart.execute(
        f"select period_start, {member}, value from metrics.metric_values where metric = '{metric}' and is_current "
        f"and {others} and {member} in (select {member} from mart.{table}) and period_start {weeks} and value is not null"
    ).fetchall()
    found = {
        (week, of): number
        for week, of, number in mart.execute(
            f"select week_start, {member}, {value} from mart.{table}"
        ).fetchall()
    }
    assert len(expected) > 20
    for week, of, number in expected:
        assert math.isclose(found[week, of], number, rel_tol=1e-9), (metric, week, of)


def product_week(mart: duckdb.DuckDBPyConnection, column: str) -> dict[tuple[str, date], float | None]:
    rows = mart.execute(f"select product_id, week_start, {column} from mart.mart_product_week").fetchall()
    return {(product, week): value for product, week, value in rows}


def test_every_row_of_a_products_week_is_a_published_number(mart: duckdb.DuckDBPyConnection) -> None:
    columns = {
        name
        for (name,) in mart.execute(
            "select column_name from duckdb_columns() where table_name = 'mart_product_week'"
        ).fetchall()
    }
    assert columns - {"product_id", "product_name", "week_start"} == (
        PRODUCT_WEEK.keys() | PRODUCT_WEEK_ASKED.keys() | PRODUCT_WEEK_ALONE
    )
    for column, sql in PRODUCT_WEEK.items():
        found = {(product, week): value for product, week, value in mart.execute(sql).fetchall()}
        weeks = product_week(mart, column)
        assert len(weeks) > 60
        # A week in which nothing happened has a 0 in both.
        assert {key: found.get(key) for key in weeks} == pytest.approx(weeks), column
    assert 0 in product_week(mart, "ticket_count").values()


def test_every_row_of_a_products_week_is_what_metricflow_says(
    warehouse: duckdb.DuckDBPyConnection, mart: duckdb.DuckDBPyConnection, engine: MetricEngine
) -> None:
    for column, metric in PRODUCT_WEEK_ASKED.items():
        weeks = product_week(mart, column)
        first, last = min(week for _, week in weeks), max(week for _, week in weeks) + timedelta(days=6)
        request = engine.compile((metric,), ("product_id",), "week")
        found = {
            (row[request.dimension_columns["product_id"]], row[request.period_column].date()): row[metric]
            for row in rows_between(warehouse, request, first, last)
        }
        assert {key: found.get(key, 0) for key in weeks} == weeks, column
        assert sum(value or 0 for value in weeks.values()) > 0, column


def test_everything_that_is_published_is_described(mart: duckdb.DuckDBPyConnection) -> None:
    relations = "(select schema_name, table_name as name, comment from duckdb_tables() union all " \
        "select schema_name, view_name, comment from duckdb_views() where not internal)"  # fmt: skip
    assert mart.execute(f"select schema_name, name from {relations} where comment is null").fetchall() == []
    undescribed = mart.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where not internal and comment is null"
    ).fetchall()
    assert undescribed == []
    # One source of words: what dbt's file says of a model is what a BI tool shows.
    ((comment,),) = mart.execute(
        "select comment from duckdb_tables() where table_name = 'dim_team'"
    ).fetchall()
    assert "team of the registry" in comment


def test_subject_views_and_queries_show_the_published_numbers(
    home: Home, mart: duckdb.DuckDBPyConnection, engine: MetricEngine
) -> None:
    for definition in engine.definitions:
        expected = published(mart, definition)
        used = [name for name in DIMENSIONS if any(name in grouping for grouping in definition.groupings)]
        first, last = last_periods(definition)
        shown = mart.execute(
            f"select period_start, value{''.join(f', {name}' for name in used)} from metrics.{definition.subject} "
            "where metric = ? and is_current and period_start between ? and ? and value is not null",
            [definition.metric, first, last],
        ).fetchall()
        found: Numbers = {
            (period, tuple(dict(zip(used, of, strict=True)).get(name) for name in DIMENSIONS)): value
            for period, value, *of in shown
        }
        assert found == expected, definition.metric
        span = {"day": "3d", "week": "4w", "month": "1m"}[definition.grain]
        cuts = {tuple(name for name, each in zip(DIMENSIONS, of, strict=True) if each) for _, of in expected}
        cut = max(cuts, key=len)
        asked = [
            (row.period, row.value)
            for row in query_metric(home, definition.metric, cut, span).rows
            if row.value is not None
        ]
        wanted = [
            (period_name(definition.grain, period), value)
            for (period, of), value in expected.items()
            if tuple(name for name, each in zip(DIMENSIONS, of, strict=True) if each) == cut
        ]
        assert sorted(asked) == sorted(wanted), (definition.metric, cut)


def test_report_and_digest_show_the_published_numbers(
    home: Home, mart: duckdb.DuckDBPyConnection, engine: MetricEngine
) -> None:
    report = health_report(home.published, WEEK)
    for definition in engine.definitions:
        if definition.grain == "day":
            # A weekly report shows no days.
            continue
        first, last = last_periods(definition)
        rows = report.values[report.values["metric"] == definition.metric].astype(object).to_dict("records")
        found: Numbers = {
            (
                row["period_start"],
                tuple(None if pd.isna(row[name]) else row[name] for name in DIMENSIONS),
            ): row["value"]
            for row in rows
            if first <= row["period_start"] <= last and not math.isnan(row["value"])
        }
        assert agree(found, published(mart, definition)) == [], definition.metric
    # With those that the registry declares.
    units = {metric: definition.unit for metric, definition in read_definitions(mart).items()}
    shown = {number.metric: number.value for number in read_digest(home, f"{WEEK:%G-W%V}", {}).numbers}
    assert len(shown) >= 4
    whole = " and ".join(f"{name} is null" for name in DIMENSIONS)
    for metric, text in shown.items():
        ((value,),) = mart.execute(
            f"select max_by(value, period_start) from metrics.metric_values where metric = ? and is_current and {whole}",
            [metric],
        ).fetchall()
        assert text == quantity(report.say, value, units[metric]), metric
