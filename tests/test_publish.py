"""The published mart is replaced whole, whatever happens while it is being made."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from datetime import date, datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from checks.contract import CheckStatus
from connectors.raw_facts import ReadState
from metrics.catalogue import write_definitions
from metrics.definitions import MetricDefinition
from publication import file as publishing
from publication.file import Publication, PublicationError, current_publication, publish
from publication.forgetting import forget_published
from publication.meta import Described
from settings.units import Unit

ROOT = Path(__file__).resolve().parent.parent
AS_OF = date(2026, 11, 16)
CHECKS = [
    CheckStatus("marts/core/fct_ticket", "volume", True, "error", "team:support", "m", "12"),
    CheckStatus("marts/core/fct_ticket", "mix", False, "warn", "team:support", "m", "0.4"),
]
READ_UNTIL = datetime(2026, 11, 16, 1)
FRESHNESS = [
    ReadState("jira", "delivery", "ok", READ_UNTIL, READ_UNTIL, 7),
    ReadState("zendesk", "support", "off", None, READ_UNTIL, 0),
]


DESCRIBED = {
    "mart.dim_account": Described(
        "One row an account: it's here.", {"mark": "The mark.", "id": "The id."}, ("id",), frozenset({"id"})
    ),
    "mart.fct_usage_daily": Described("Use.", {}, (), frozenset({"mark"}), {"id": "mart.dim_account.id"}),
}


def build(path: Path, rows: int, mark: int) -> Path:
    """A warehouse whose tables all carry the same mark."""
    with duckdb.connect(str(path)) as connection:
        for table in ("marts.fct_usage_daily", "marts.dim_account", "staging.stg_jira__issues"):
            connection.execute(f"create schema if not exists {table.split('.')[0]}")
            connection.execute(
                f"create or replace table {table} as select {mark} as mark, range as id from range({rows})"
            )
        connection.execute(
            """
            create or replace view marts.dim_team as
            select distinct mark, 'atlas' as team_id, 'Atlas' as team_name from marts.dim_account;
            create or replace table marts.dim_target as
            select 'nps' as metric, 50.0 as at_least, null::double as at_most;
            create schema if not exists metrics;
            create or replace table metrics.metric_values as
            select *, null as product_id, null as feature_id, null as segment, null as stage, null as funnel_id,
                null as step, null as days, null as theme_id, null as priority, null as policy_id, date '2026-11-16' as as_of, true as is_current
            from (values
                ('nps', 'month', date '2026-10-01', null, null, null, $mark, 54, 1),
                ('nps_standard_error', 'month', date '2026-10-01', null, null, null, 10, 54, 1),
                ('nps', 'month', date '2026-10-01', 'atlas', null, null, 95, 20, 2),
                ('nps_standard_error', 'month', date '2026-10-01', 'atlas', null, null, 10, 20, 2),
                ('share', 'week', date '2026-11-09', null, 50, 100, 0.5, 100, 1)
            ) as numbers(metric, grain, period_start, team_id, numerator, denominator, value, n, revision)
            """.replace("$mark", str(mark))
        )
        write_definitions(connection, "metrics.metric_definitions", DEFINITIONS)
    return path


def defined(
    metric: str, label: str, subject: str, unit: str, groupings: tuple[tuple[str, ...], ...]
) -> MetricDefinition:
    return MetricDefinition(
        metric, label, subject, "What it is.", "team:data", Unit(unit), "up", "week", groupings, "M45", "answers",
        minimum_sample=30,
    )  # fmt: skip


DEFINITIONS = (
    defined("nps", "Score", "satisfaction", "points", ((), ("team_id",))),
    defined("nps_standard_error", "Error of it", "satisfaction", "points", ((), ("team_id",))),
    defined("share", "Share", "adoption", "ratio", ((),)),
)


def do_publish(warehouse: Path, published: Path, as_of: date) -> Publication:
    until = datetime(2026, 11, 16, 2, tzinfo=ZoneInfo("Europe/Berlin"))
    return publish(warehouse, published, as_of, CHECKS, FRESHNESS, until, "Europe/Berlin", DESCRIBED)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return build(tmp_path / "warehouse.duckdb", rows=100, mark=1)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "published" / "product_ops.duckdb"


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_readers_get_marts_metrics_and_what_they_are_as_of(warehouse: Path, published: Path) -> None:
    done = do_publish(warehouse, published, AS_OF)
    tables = query(
        published, "select table_schema || '.' || table_name from information_schema.tables order by 1"
    )
    assert [name for (name,) in tables] == [
        "mart.dim_account", "mart.dim_target", "mart.dim_team", "mart.fct_usage_daily",
        "meta.checks", "meta.columns", "meta.metrics", "meta.publication", "meta.sources",
        "metrics.adoption", "metrics.metric_values", "metrics.satisfaction",
    ]  # fmt: skip
    assert query(published, "select * exclude (row_counts, content_hash) from meta.publication") == [
        (AS_OF, 1, READ_UNTIL, "Europe/Berlin", 1, 1, 0)
    ]
    assert query(published, "select asset, check_name, passed from meta.checks order by check_name") == [
        ("marts/core/fct_ticket", "mix", False),
        ("marts/core/fct_ticket", "volume", True),
    ]
    assert query(
        published, "select source, outcome, read_until, records from meta.sources order by source"
    ) == [
        ("jira", "ok", READ_UNTIL, 7),
        ("zendesk", "off", None, 0),
    ]
    ((counts,),) = query(published, "select row_counts from meta.publication")
    assert json.loads(counts) == done.row_counts
    assert done.row_counts["mart.fct_usage_daily"] == 100
    assert current_publication(published) == done
    assert os.listdir(published.parent) == [published.name]


def test_a_program_reads_by_which_columns_tables_join(warehouse: Path, published: Path) -> None:
    do_publish(warehouse, published, AS_OF)
    assert query(
        published,
        "select table_name, column_name, data_type, is_nullable, is_key, references_column, meaning "
        "from meta.columns where table_schema = 'mart' and table_name in ('dim_account', 'fct_usage_daily') order by all",
    ) == [
        ("dim_account", "id", "bigint", False, True, None, "The id."),
        ("dim_account", "mark", "integer", True, False, None, "The mark."),
        ("fct_usage_daily", "id", "bigint", True, False, "mart.dim_account.id", None),
        ("fct_usage_daily", "mark", "integer", False, False, None, None),
    ]
    ((listed,), (there,)) = query(
        published,
        "select count(*) from meta.columns union all "
        "select count(*) from information_schema.columns where table_catalog = current_database()",
    )
    assert listed == there


def test_parts_and_totals_are_told_apart_and_stand_beside_their_target(
    warehouse: Path, published: Path
) -> None:
    do_publish(build(warehouse, rows=1, mark=54), published, AS_OF)
    assert query(
        published,
        "select cut, value, target_at_least, target_at_most, is_on_target from metrics.satisfaction "
        "where metric = 'nps' and is_current order by cut",
    ) == [("by team", 95, None, None, None), ("total", 54, 50, None, True)]


def test_the_file_is_of_the_old_format_and_says_what_is_in_it(warehouse: Path, published: Path) -> None:
    do_publish(warehouse, published, AS_OF)
    assert query(published, "select tags['storage_version'] from duckdb_databases() where not internal") == [
        ("v1.0.0+",)
    ]
    assert query(published, "select comment from duckdb_tables() where table_name = 'dim_account'") == [
        ("One row an account: it's here.",)
    ]
    assert query(
        published,
        "select column_name, comment from duckdb_columns() where table_name = 'dim_account' order by all",
    ) == [("id", "The id."), ("mark", "The mark.")]
    undescribed = query(
        published,
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where not internal and comment is null and schema_name <> 'mart'",
    )
    assert undescribed == []


def test_a_subject_shows_its_numbers_with_names_and_intervals(warehouse: Path, published: Path) -> None:
    do_publish(build(warehouse, rows=1, mark=30), published, AS_OF)
    assert query(
        published,
        "select label, period, team_name, value, round(interval_low, 1), round(interval_high, 1), is_small_sample, "
        "revision from metrics.satisfaction where metric = 'nps' order by value",
    ) == [
        # 30 and 95 points, 1.96 standard errors of 10 either way; a score ends at 100.
        ("Score", "2026-10", None, 30, 10.4, 49.6, False, 1),
        ("Score", "2026-10", "Atlas", 95, 75.4, 100.0, True, 2),
    ]
    # Wilson's interval of 50 in 100, as in the textbooks.
    assert query(
        published,
        "select period, value, round(interval_low, 4), round(interval_high, 4) from metrics.adoption",
    ) == [("2026-W46", 0.5, 0.4038, 0.5962)]


def test_a_file_of_another_layout_is_replaced(warehouse: Path, published: Path) -> None:
    published.parent.mkdir()
    with duckdb.connect(str(published)) as connection:
        connection.execute("create table _meta as select 1 as as_of")
    assert current_publication(published) is None
    assert do_publish(warehouse, published, AS_OF).revision == 1


def test_what_somebody_wrote_into_the_file_of_before_is_not_added_to_the_new_one(
    warehouse: Path, published: Path
) -> None:
    do_publish(warehouse, published, AS_OF)
    writer = duckdb.connect(str(published))
    writer.execute("insert into mart.dim_account select 666, 666")
    log = published.with_name(f"{published.name}.wal")
    left = log.read_bytes()
    writer.close()
    log.write_bytes(left)
    do_publish(warehouse, published, AS_OF)
    assert query(published, "select distinct mark from mart.dim_account") == [(1,)]


def test_revisions_count_different_contents_of_a_date(warehouse: Path, published: Path) -> None:
    assert current_publication(published) is None
    revisions = []
    for as_of, rows in ((15, 100), (15, 100), (15, 101), (15, 101), (16, 101), (16, 102)):
        build(warehouse, rows=rows, mark=1)
        revisions.append(do_publish(warehouse, published, date(2026, 11, as_of)).revision)
    assert revisions == [1, 1, 2, 2, 1, 2]


def test_an_open_reader_keeps_its_state(warehouse: Path, published: Path) -> None:
    do_publish(warehouse, published, AS_OF)
    with duckdb.connect(str(published), read_only=True) as reader:
        build(warehouse, rows=50, mark=2)
        do_publish(warehouse, published, AS_OF)
        assert reader.execute("select min(mark), count(*) from mart.fct_usage_daily").fetchone() == (1, 100)
    assert query(published, "select min(mark), count(*) from mart.fct_usage_daily") == [(2, 50)]


def poll(published: Path, ready: Event, stop: Event, seen: Any) -> None:
    """A reader in a process of its own: every state it sees, or the error it got."""
    states: set[Any] = set()
    while not stop.is_set():
        try:
            with duckdb.connect(str(published), read_only=True) as connection:
                states.add(
                    connection.execute(
                        "select (select row_counts from meta.publication), (select count(*) from mart.fct_usage_daily), "
                        "(select min(mark) from mart.fct_usage_daily), (select max(mark) from mart.dim_account), "
                        "(select value from metrics.satisfaction where metric = 'nps' and team_name is null), (select mark from mart.dim_team)"
                    ).fetchone()
                )
        except Exception as error:  # noqa: BLE001 - whatever a reader meets is what the test looks for
            states.add(repr(error))
        ready.set()
    seen.put(states)


def test_a_reader_that_polls_sees_whole_states_only(warehouse: Path, published: Path) -> None:
    do_publish(warehouse, published, AS_OF)
    context = multiprocessing.get_context("spawn")
    ready, stop, seen = context.Event(), context.Event(), context.Queue()
    reader = context.Process(target=poll, args=(published, ready, stop, seen))
    reader.start()
    assert ready.wait(timeout=120)
    for mark in range(2, 14):
        build(warehouse, rows=mark * 1000, mark=mark)
        do_publish(warehouse, published, AS_OF)
    stop.set()
    states = seen.get(timeout=30)
    reader.join(timeout=30)
    assert len(states) > 1
    for counts, rows, *marks in states:
        assert json.loads(counts)["mart.fct_usage_daily"] == rows
        assert len(set(marks)) == 1
        assert rows == (100 if marks[0] == 1 else marks[0] * 1000)


KILLED = """
import os, signal, sys
from datetime import UTC, date, datetime
from pathlib import Path
from publication import file as publish
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
setattr(publish if sys.argv[3] != "replace" else publish.os, sys.argv[3], die)
publish.publish(
    Path(sys.argv[1]), Path(sys.argv[2]), date(2026, 11, 16), [], [], datetime(2026, 11, 16, tzinfo=UTC), "UTC", {}
)
"""


@pytest.mark.parametrize("step", ["_revision", "_sync", "_verify", "replace"])
def test_a_killed_publication_leaves_yesterdays(warehouse: Path, published: Path, step: str) -> None:
    do_publish(warehouse, published, date(2026, 11, 15))
    before = published.read_bytes()
    build(warehouse, rows=50_000, mark=2)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(warehouse), str(published), step], cwd=ROOT, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(os.listdir(published.parent)) > 1
    assert published.read_bytes() == before
    assert query(published, "select as_of from meta.publication") == [(date(2026, 11, 15),)]
    do_publish(warehouse, published, AS_OF)
    assert os.listdir(published.parent) == [published.name]
    assert query(published, "select as_of, revision from meta.publication") == [(AS_OF, 1)]


def test_a_copy_that_lacks_rows_is_not_published(
    warehouse: Path, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    do_publish(warehouse, published, date(2026, 11, 15))

    def lose_a_row(path: Path) -> None:
        with duckdb.connect(str(path)) as connection:
            connection.execute("delete from mart.dim_account where id = 1")

    monkeypatch.setattr(publishing, "_sync", lose_a_row)
    with pytest.raises(PublicationError, match=r"99 rows in mart.dim_account where 100 were copied"):
        do_publish(warehouse, published, AS_OF)
    assert query(published, "select as_of from meta.publication") == [(date(2026, 11, 15),)]


def test_nothing_to_publish_is_told(tmp_path: Path, published: Path) -> None:
    with pytest.raises(FileNotFoundError, match="build the dbt project first"):
        do_publish(tmp_path / "warehouse.duckdb", published, AS_OF)
    path = build(tmp_path / "warehouse.duckdb", rows=1, mark=1)
    with duckdb.connect(str(path)) as connection:
        connection.execute("drop schema metrics cascade")
    with pytest.raises(PublicationError, match="no tables in metrics"):
        do_publish(path, published, AS_OF)
    assert not published.exists()


def test_a_published_file_without_somebody_is_a_revision_as_good_as_any(
    warehouse: Path, published: Path
) -> None:
    do_publish(warehouse, published, date(2026, 11, 16))
    told = "select schema_name, view_name, comment from duckdb_views() where not internal order by all"
    views, version = query(published, told), "select tags from duckdb_databases() where tags is not null"
    kept = query(published, version)
    assert not forget_published(published, r"\bnobody\b")
    assert forget_published(published, r"\batlas\b")
    assert query(published, "select * from mart.dim_team where team_id = 'atlas'") == []
    assert b"atlas" not in published.read_bytes().lower()
    assert query(published, told) == views
    assert query(published, version) == kept
    assert query(published, "select revision from meta.publication") == [(2,)]
    # A night as of the same date that has more or less again is the next one.
    assert do_publish(warehouse, published, date(2026, 11, 16)).revision == 3
