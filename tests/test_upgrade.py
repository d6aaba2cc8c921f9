"""A release finds what an earlier one left in tables and files that stay from night to night, and takes it over by itself."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from connectors.raw_store import LOADS, RawStore
from connectors.registry.source import RegistryConnector
from metrics.shape import with_columns
from metrics.values import append_metric_values
from orchestration.dagster_state import take_over_runs
from orchestration.leftovers import leave_only_models
from settings.home import Home
from tests.metric_warehouse import create_warehouse, engine_of, execute, insert, manifest_of

AS_OF, FIRST_DAY = date(2026, 11, 16), date(2026, 10, 5)


def test_a_table_gets_the_columns_of_this_release() -> None:
    wanted = {"metric": "text", "n": "bigint", "stage": "text", "at": "date"}
    with duckdb.connect() as connection:
        connection.execute(
            "create table kept as select * from (values (1, 'a', null), (2, 'b', 'EU')) as old(n, metric, region)"
        )
        with_columns(connection, "kept", wanted)
        # The second says something of a region, which no row does any more.
        assert connection.execute("select * from kept").fetchall() == [("a", 1, None, None)]
        described = [(row[0], row[1]) for row in connection.execute("describe kept").fetchall()]
        assert described == [("metric", "VARCHAR"), ("n", "BIGINT"), ("stage", "VARCHAR"), ("at", "DATE")]
        with_columns(connection, "kept", wanted)
        with_columns(connection, "fresh", wanted)
        assert connection.execute("select * from kept union all select * from fresh").fetchall() == [
            ("a", 1, None, None)
        ]


def test_numbers_of_an_earlier_release_go_on_and_a_new_metric_begins(tmp_path: Path) -> None:
    warehouse = create_warehouse(tmp_path / "warehouse.duckdb")
    tickets = [("t1", "board", "smb", True, False, date(2026, 10, 6))]
    insert(warehouse, "marts.fct_ticket", tickets)
    insert(warehouse, "marts.dim_feature", [("board", "studio", date(2024, 3, 5), None)])
    engine = engine_of(manifest_of("tickets_created", "active_users_7d"))
    append_metric_values(warehouse, engine, AS_OF, FIRST_DAY, {"zendesk": AS_OF, "amplitude": AS_OF})
    values = "select * from metrics.metric_values order by all"
    before = execute(warehouse, values)
    assert {row[0] for row in before} >= {"tickets_created"}
    execute(
        warehouse,
        "create or replace table metrics.metric_values as select cast(n as integer) as n, * exclude (n, policy_id) "
        "from metrics.metric_values where metric <> 'active_users_7d'",
    )
    execute(
        warehouse,
        "create or replace table metrics_state.source_days as select day, relation from metrics_state.source_days",
    )
    append_metric_values(warehouse, engine, AS_OF, FIRST_DAY, {"zendesk": AS_OF, "amplitude": AS_OF})
    assert execute(warehouse, values) == before


def test_tables_of_models_that_are_no_more_go_and_nothing_else(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with duckdb.connect(str(home.warehouse)) as warehouse:
        for schema in ("marts", "staging", "metrics", "identity"):
            warehouse.execute(f"create schema {schema}")
            warehouse.execute(f"create table {schema}.kept as select 1 as number")
            warehouse.execute(f"create table {schema}.gone as select 1 as number")
        warehouse.execute("create view marts.seen as select * from marts.kept")
    nodes = {
        f"model.{schema}": {"resource_type": "model", "schema": schema, "alias": "kept"}
        for schema in ("marts", "staging")
    }
    manifest = {"nodes": {**nodes, "test.x": {"resource_type": "test", "schema": "metrics", "alias": "kept"}}}
    assert sorted(leave_only_models(home, manifest)) == ["gone", "gone", "seen"]
    assert leave_only_models(home, manifest) == []
    assert leave_only_models(home, manifest, without={"model.staging"}) == ["kept"]
    left = "select table_schema || '.' || table_name from information_schema.tables order by 1"
    assert [name for (name,) in execute(home.warehouse, left)] == [
        "identity.gone", "identity.kept", "marts.kept", "metrics.gone", "metrics.kept",
    ]  # fmt: skip


def test_books_of_raw_of_an_earlier_release_get_what_they_lack(tmp_path: Path) -> None:
    streams = RegistryConnector.streams
    with RawStore(tmp_path, "registry", streams) as store:
        schema, path = store.schema, store.path
    with duckdb.connect(str(path)) as raw:
        for table in ("_pops_keys", "_pops_sweeps", "_pops_forgotten", "_pops_forgotten_ids"):
            raw.execute(f"drop table {schema}.{table}")
        for column in ("mended_count", "forgotten_count"):
            raw.execute(f"alter table {schema}._pops_loads drop column {column}")
        raw.execute(f"drop table {schema}.{streams[0].name}")
    with RawStore(tmp_path, "registry", streams) as store:
        assert store.put_aside is None
        assert store.connection.execute(f"select {LOADS} from {schema}._pops_loads").fetchall() == []
        assert store.last_swept(streams[0].name) is None
        assert list(store.known(streams[0].name)) == []


def test_the_record_of_runs_is_taken_over_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POPS_HOME", str(tmp_path))
    home, told = Home(tmp_path).prepare(), list[str]()
    with dg.DagsterInstance.get() as instance:
        instance.get_runs_count()
        instance.event_log_storage.get_concurrency_keys()
        # Nothing is older where nothing was.
        take_over_runs(home, instance, told.append)
    assert told == []
    for file in (home.dagster / "history" / "runs.db", home.dagster / "history" / "runs" / "index.db"):
        with closing(sqlite3.connect(file)) as record, record:
            record.execute("update alembic_version set version_num = '7e2f3204cf8e'")
    (home.dagster / "dagster.version").write_text("1.12.0")
    with dg.DagsterInstance.get() as instance:
        take_over_runs(home, instance, told.append)
        for storage in (instance.run_storage, instance.event_log_storage):
            assert (found := storage.alembic_version()) is not None
            assert found[0] == found[1]
        take_over_runs(home, instance, told.append)
    assert [each.partition(" to ")[0] for each in told] == ["the record of earlier runs was taken over"]
