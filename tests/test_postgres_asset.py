"""The served mart in a night: an asset when it is set, its own failing check when PostgreSQL does not take it."""

import json
from pathlib import Path

import dagster as dg
import pytest
import yaml

from orchestration.assets.published import served_assets
from orchestration.evaluations import failed_checks
from orchestration.keys import PUBLISHED_MART, target_key
from publication.meta import key_columns
from publication.postgres.address import READER_VARIABLE, URL_VARIABLE, PostgresAddress
from tests.postgres_fixture import postgres, published_file, target
from tests.postgres_server import rows

__all__ = ["postgres", "target"]

MANIFEST = {
    "nodes": {
        "model.fct_ticket": {"name": "fct_ticket", "schema": "marts"},
        "model.fct_usage_daily": {"name": "fct_usage_daily", "schema": "marts"},
        "model.dim_team": {"name": "dim_team", "schema": "marts"},
        "model.stg": {"name": "stg_jira__issues", "schema": "staging"},
        "test.1": {"attached_node": "model.fct_ticket", "test_metadata": {"name": "unique", "kwargs": {"column_name": "ticket_id"}}},
        "test.2": {"attached_node": "model.fct_ticket", "column_name": "status", "test_metadata": {"name": "not_null"}},
        "test.3": {
            "attached_node": "model.fct_usage_daily",
            "test_metadata": {"name": "unique_rows", "kwargs": {"columns": ["person_id", "event_date"]}},
        },
        "test.4": {"attached_node": "model.stg", "test_metadata": {"name": "unique", "kwargs": {"column_name": "id"}}},
        "test.5": {"attached_node": None, "name": "assert_something"},
        "test.6": {
            "attached_node": "model.dim_team",
            "test_metadata": {"name": "whole_rows", "kwargs": {"key": ["team_id"], "required": ["team_name"]}},
        },
    }
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POPS_HOME", str(tmp_path))
    for folder in ("published", "dbt"):
        (tmp_path / folder).mkdir()
    published_file(tmp_path / "published" / "product_ops.duckdb", rows=7, revision=2)
    (tmp_path / "dbt" / "manifest.json").write_text(json.dumps(MANIFEST))
    return tmp_path


def run(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [*served_assets(), dg.AssetSpec(PUBLISHED_MART)], instance=instance, raise_on_error=False
    )


def test_there_is_no_asset_where_the_mart_is_not_served() -> None:
    assert served_assets({}) == []


def test_the_asset_tells_what_is_served(
    home: Path, target: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL_VARIABLE, target.url)
    monkeypatch.setenv(READER_VARIABLE, target.reader)
    with dg.DagsterInstance.ephemeral() as instance:
        done = run(instance)
        assert not failed_checks(instance, done.run_id)
    (materialized,) = done.asset_materializations_for_node("published__product_ops__postgres")
    told = {name: value.value for name, value in materialized.metadata.items()}
    assert (told["as_of"], told["revision"], told["rows"]) == ("2026-11-16", 2, 58)
    assert told["place"] == target.place
    assert rows(target.url, "select revision from meta.publication") == [(2,)]
    keys = "select conname from pg_constraint where connamespace in ('mart'::regnamespace, 'meta'::regnamespace) and contype = 'p'"
    assert {name for (name,) in rows(target.url, keys)} == {"fct_ticket_pkey", "fct_usage_daily_pkey"}


def test_a_server_that_refuses_us_fails_the_asset_and_says_why(
    home: Path, target: PostgresAddress, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(URL_VARIABLE, target.url.replace(target.secrets[0], "a-wrong-Secret"))
    with dg.DagsterInstance.ephemeral() as instance:
        done = run(instance)
        assert not done.success
        (failed,) = failed_checks(instance, done.run_id)
        assert (failed.asset, failed.check, failed.severity) == (
            "published/product_ops/postgres",
            "served",
            "warn",
        )
        assert "password authentication failed" in failed.observed
        assert target.place in failed.observed
        assert instance.get_latest_materialization_event(target_key("postgres")) is None
        events = "".join(str(entry) for entry in instance.all_logs(done.run_id))
    written = "".join(capfd.readouterr())
    assert "password authentication failed" in written
    assert "a-wrong-Secret" not in written + events


def test_keys_are_what_dbt_tests(home: Path) -> None:
    keys = key_columns(home / "dbt" / "manifest.json")
    assert {table: key for table, key in keys.items() if table.startswith("mart.")} == {
        "mart.dim_team": ("team_id",),
        "mart.fct_ticket": ("ticket_id",),
        "mart.fct_usage_daily": ("person_id", "event_date"),
    }


def test_the_marts_keys_are_tested_by_what_is_read() -> None:
    """Another kind of test for a key would silently take the primary keys away."""
    without_key = set()
    for path in Path("dbt_project/models/marts").rglob("*.yml"):
        for model in (yaml.safe_load(path.read_text()) or {}).get("models", []):
            kinds = {kind for test in model.get("data_tests", []) for kind in test}
            kinds |= {
                test
                for column in model["columns"]
                for test in column.get("data_tests", [])
                if isinstance(test, str)
            }
            # The one test of a key that also holds that none of its columns is empty.
            if "whole_rows" not in kinds:
                without_key.add(model["name"])
    # One row a person and address, or a person and device: its key has empty columns.
    assert without_key <= {"bridge_identity"}
