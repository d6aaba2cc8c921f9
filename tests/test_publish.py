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

import duckdb
import pytest

from orchestration import publish as publishing
from orchestration.publish import PublicationError, current_publication, publish
from orchestration.source_status import ReadState
from reports.model import CheckStatus

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


def build(path: Path, rows: int, mark: int) -> Path:
    """A warehouse whose tables all carry the same mark."""
    with duckdb.connect(str(path)) as connection:
        for table in (
            "marts.fct_usage_daily",
            "marts.dim_account",
            "metrics.metric_values",
            "staging.stg_jira__issues",
        ):
            connection.execute(f"create schema if not exists {table.split('.')[0]}")
            connection.execute(
                f"create or replace table {table} as select {mark} as mark, range as id from range({rows})"
            )
        connection.execute(
            "create or replace view marts.dim_team as select distinct mark from marts.dim_account"
        )
    return path


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
    done = publish(warehouse, published, AS_OF, CHECKS, FRESHNESS)
    tables = query(
        published, "select table_schema || '.' || table_name from information_schema.tables order by 1"
    )
    assert [name for (name,) in tables] == [
        "main._checks", "main._meta", "main._sources", "marts.dim_account", "marts.dim_team", "marts.fct_usage_daily", "metrics.metric_values",
    ]  # fmt: skip
    assert query(published, "select * exclude (row_counts, content_hash) from _meta") == [(AS_OF, 1, 1, 1, 0)]
    assert query(published, "select asset, check_name, passed from _checks order by check_name") == [
        ("marts/core/fct_ticket", "mix", False),
        ("marts/core/fct_ticket", "volume", True),
    ]
    assert query(published, "select source, outcome, read_until, records from _sources order by source") == [
        ("jira", "ok", READ_UNTIL, 7),
        ("zendesk", "off", None, 0),
    ]
    ((counts,),) = query(published, "select row_counts from _meta")
    assert json.loads(counts) == done.row_counts
    assert done.row_counts["marts.fct_usage_daily"] == 100
    assert current_publication(published) == done
    assert os.listdir(published.parent) == [published.name]


def test_revisions_count_different_contents_of_a_date(warehouse: Path, published: Path) -> None:
    assert current_publication(published) is None
    revisions = []
    for as_of, rows in ((15, 100), (15, 100), (15, 101), (15, 101), (16, 101), (16, 102)):
        build(warehouse, rows=rows, mark=1)
        revisions.append(publish(warehouse, published, date(2026, 11, as_of), CHECKS, FRESHNESS).revision)
    assert revisions == [1, 1, 2, 2, 1, 2]


def test_an_open_reader_keeps_its_state(warehouse: Path, published: Path) -> None:
    publish(warehouse, published, AS_OF, CHECKS, FRESHNESS)
    with duckdb.connect(str(published), read_only=True) as reader:
        build(warehouse, rows=50, mark=2)
        publish(warehouse, published, AS_OF, CHECKS, FRESHNESS)
        assert reader.execute("select min(mark), count(*) from marts.fct_usage_daily").fetchone() == (1, 100)
    assert query(published, "select min(mark), count(*) from marts.fct_usage_daily") == [(2, 50)]


def poll(published: Path, ready: Event, stop: Event, seen: Any) -> None:
    """A reader in a process of its own: every state it sees, or the error it got."""
    states: set[Any] = set()
    while not stop.is_set():
        try:
            with duckdb.connect(str(published), read_only=True) as connection:
                states.add(
                    connection.execute(
                        "select (select row_counts from _meta), (select count(*) from marts.fct_usage_daily), "
                        "(select min(mark) from marts.fct_usage_daily), (select max(mark) from marts.dim_account), "
                        "(select max(mark) from metrics.metric_values), (select mark from marts.dim_team)"
                    ).fetchone()
                )
        except Exception as error:  # noqa: BLE001 - whatever a reader meets is what the test looks for
            states.add(repr(error))
        ready.set()
    seen.put(states)


def test_a_reader_that_polls_sees_whole_states_only(warehouse: Path, published: Path) -> None:
    publish(warehouse, published, AS_OF, CHECKS, FRESHNESS)
    context = multiprocessing.get_context("spawn")
    ready, stop, seen = context.Event(), context.Event(), context.Queue()
    reader = context.Process(target=poll, args=(published, ready, stop, seen))
    reader.start()
    assert ready.wait(timeout=120)
    for mark in range(2, 14):
        build(warehouse, rows=mark * 1000, mark=mark)
        publish(warehouse, published, AS_OF, CHECKS, FRESHNESS)
    stop.set()
    states = seen.get(timeout=30)
    reader.join(timeout=30)
    assert len(states) > 1
    for counts, rows, *marks in states:
        assert json.loads(counts)["marts.fct_usage_daily"] == rows
        assert len(set(marks)) == 1
        assert rows == (100 if marks[0] == 1 else marks[0] * 1000)


KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from orchestration import publish
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
setattr(publish if sys.argv[3] != "replace" else publish.os, sys.argv[3], die)
publish.publish(Path(sys.argv[1]), Path(sys.argv[2]), date(2026, 11, 16), [], [])
"""


@pytest.mark.parametrize("step", ["_revision", "_sync", "_verify", "replace"])
def test_a_killed_publication_leaves_yesterdays(warehouse: Path, published: Path, step: str) -> None:
    publish(warehouse, published, date(2026, 11, 15), CHECKS, FRESHNESS)
    before = published.read_bytes()
    build(warehouse, rows=50_000, mark=2)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(warehouse), str(published), step], cwd=ROOT, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(os.listdir(published.parent)) > 1
    assert published.read_bytes() == before
    assert query(published, "select as_of from _meta") == [(date(2026, 11, 15),)]
    publish(warehouse, published, AS_OF, CHECKS, FRESHNESS)
    assert os.listdir(published.parent) == [published.name]
    assert query(published, "select as_of, revision from _meta") == [(AS_OF, 1)]


def test_a_copy_that_lacks_rows_is_not_published(
    warehouse: Path, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(warehouse, published, date(2026, 11, 15), CHECKS, FRESHNESS)

    def lose_a_row(path: Path) -> None:
        with duckdb.connect(str(path)) as connection:
            connection.execute("delete from marts.dim_account where id = 1")

    monkeypatch.setattr(publishing, "_sync", lose_a_row)
    with pytest.raises(PublicationError, match=r"99 rows in marts.dim_account where 100 were copied"):
        publish(warehouse, published, AS_OF, CHECKS, FRESHNESS)
    assert query(published, "select as_of from _meta") == [(date(2026, 11, 15),)]


def test_nothing_to_publish_is_told(tmp_path: Path, published: Path) -> None:
    with pytest.raises(FileNotFoundError, match="build the dbt project first"):
        publish(tmp_path / "warehouse.duckdb", published, AS_OF, CHECKS, FRESHNESS)
    path = build(tmp_path / "warehouse.duckdb", rows=1, mark=1)
    with duckdb.connect(str(path)) as connection:
        connection.execute("drop schema metrics cascade")
    with pytest.raises(PublicationError, match="no tables in metrics"):
        publish(path, published, AS_OF, CHECKS, FRESHNESS)
    assert not published.exists()
