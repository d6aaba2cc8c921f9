"""A home as an earlier release left it: every table and file that stays from night to night has an older shape, or lacks something."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb

# The only metric that is cut by policies: neither it nor that dimension were there.
NEW_METRIC, NEW_DIMENSION = "sla_attainment_rate", "policy_id"
OLDER = "an earlier release"
# Dagster's layout before its last change.
_OLDER_LAYOUT = "7e2f3204cf8e"
_LATER_BOOKS = ("_pops_keys", "_pops_sweeps", "_pops_forgotten", "_pops_forgotten_ids")


def make_older(home: Path) -> None:
    manifest = json.loads((home / "dbt" / "manifest.json").read_text())
    models = [each for each in manifest["nodes"].values() if each["resource_type"] == "model"]
    with duckdb.connect(str(home / "warehouse.duckdb")) as warehouse:
        for model in models:
            if model["config"]["materialized"] == "incremental":
                _lose_a_column(warehouse, f"{model['schema']}.{model['name']}")
        _older_numbers(warehouse)
        warehouse.execute("create table marts.mart_of_a_model_that_is_no_more as select 1 as number")
        warehouse.execute("create view staging.stg_of_a_model_that_is_no_more as select 1 as number")
    for file in (home / "raw").glob("*.duckdb"):
        with duckdb.connect(str(file)) as raw:
            for table in _LATER_BOOKS:
                raw.execute(f"drop table if exists raw_{file.stem}.{table}")
            for column in ("mended_count", "forgotten_count"):
                raw.execute(f"alter table raw_{file.stem}._pops_loads drop column {column}")
    with duckdb.connect(str(home / "published" / "product_ops.duckdb")) as published:
        published.execute("alter table meta.publication drop column content_hash")
        published.execute("alter table meta.sources drop column records")
    _older_files(home, manifest)
    for file in [*home.glob("dagster/history/**/*.db"), *home.glob("dagster/schedules/*.db")]:
        with closing(sqlite3.connect(file)) as record, record:
            record.execute("update alembic_version set version_num = ?", [_OLDER_LAYOUT])


def _lose_a_column(warehouse: duckdb.DuckDBPyConnection, table: str) -> None:
    columns = [row[0] for row in warehouse.execute(f"describe {table}").fetchall()]
    warehouse.execute(f"alter table {table} drop column {columns[-1]}")
    warehouse.execute(f"alter table {table} alter {columns[0]} type varchar")


def _older_numbers(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Columns in another order, one not there, one of a narrower type; and one that is no more."""
    values = "metrics.metric_values"
    columns = [row[0] for row in warehouse.execute(f"describe {values}").fetchall()]
    kept = ", ".join(name for name in reversed(columns) if name not in (NEW_DIMENSION, "n"))
    warehouse.execute(
        f"create or replace table {values} as select cast(n as integer) as n, {kept}, cast(null as text) as region "
        f"from {values} where metric <> '{NEW_METRIC}'"
    )
    warehouse.execute(
        f"insert into {values} by name select 'x' as metric, 1 as n, 1 as revision, true as is_current, 'EU' as region"
    )
    warehouse.execute("alter table metrics.metric_definitions drop column known_gaps")
    state = "metrics_state.source_days"
    warehouse.execute(
        f"create or replace table {state} as select day, relation, 1 as fingerprint from {state}"
    )


def _older_files(home: Path, manifest: dict[str, dict[str, object]]) -> None:
    dbt = home / "dbt"
    manifest["nodes"].pop("model.product_ops.fct_ticket")
    manifest["metadata"]["dbt_version"] = "1.10.0"
    (dbt / "manifest.json").write_text(json.dumps(manifest))
    (dbt / "partial_parse.msgpack").write_bytes(b"of another version")
    (dbt / "tests.json").write_text("{}")
    for stamp in ("manifest.stamp", "built.stamp"):
        (dbt / stamp).write_text(OLDER)
    (home / "dagster" / "dagster.version").write_text("1.12.0")
    for file, key in (
        (home / "identity.json", "organisation"),
        (home / "last_night" / "night.json", "warehouse"),
    ):
        known = json.loads(file.read_text())
        known.pop(key)
        file.write_text(json.dumps(known))
