"""dbt within the night's process: what it builds, what its tests find, and what it keeps to itself."""

import json
import os
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from textwrap import dedent
from typing import Any

import duckdb
import pytest
from dagster_dbt import DbtProject
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from checks.dbt_tests import run_tests
from orchestration import dbt_calls
from orchestration.dbt_calls import STAMP, build_models, is_changed, parse, parsed_project, queries_of_tests
from orchestration.dbt_errors import without_records
from orchestration.kept_statements import KeptBuild, ModelResult, Statement, run_statements
from settings.home import DBT_PROJECT, Home
from tests.parsed_project import parsed_target
from warehouse.embedded import EmbeddedWarehouse

PERSON = "ann.smith@acme.example"
FILES = {
    "dbt_project.yml": "{name: small, profile: small, config-version: 2, models: {+materialized: table}}",
    "profiles.yml": """
        small: {target: here, outputs: {here: {type: duckdb, path: "{{ env_var('POPS_HOME') }}/warehouse.duckdb"}}}
        """,
    "models/grown.sql": """
        {{ config(materialized='incremental') }}
        select 'first' as rule, {{ '2' if is_incremental() else '1' }} as night
        """,
    "models/visits.sql": "select i as visit_id, case when i > 3 then 'web' end as channel from range(6) as numbers(i)",
    "models/broken.sql": f"select cast('{PERSON}' as integer) as number",
    "models/after.sql": "select * from {{ ref('broken') }}",
    "models/models.yml": """
        models:
          - name: visits
            columns:
              - name: visit_id
                data_tests: [unique, not_null]
              - name: channel
                data_tests:
                  - not_null
                  - accepted_values: {arguments: {values: [app]}, config: {severity: warn}}
                  - not_null: {name: few_lack_a_channel, config: {error_if: ">10", warn_if: ">5"}}
                  - not_null: {name: some_lack_a_channel, config: {error_if: ">10", warn_if: ">3"}}
        """,
    "models/dated.sql": """
        select cast('{{ env_var('POPS_AS_OF') }}' /* as_of */ as date) as night, date '2026-11-16' as release, word
        from warehouse.main.words
        """,
    "models/numbers.sql": "select word, cast(word as integer) as number from {{ ref('dated') }}",
    "models/sum.sql": "select sum(number) as total from {{ ref('numbers') }}",
    "macros/materialization.sql": (DBT_PROJECT / "macros" / "materialization.sql").read_text(),
    "tests/no_visit_of_the_night.sql": """
        select * from {{ ref('visits') }} where cast('{{ var("as_of", "2000-01-01") }}' as date) = date '2026-11-16'
        """,
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DbtProject:
    home = Home(tmp_path / "home")
    home.dbt_target.mkdir(parents=True)
    monkeypatch.setenv("POPS_HOME", str(home.root))
    monkeypatch.setenv("POPS_AS_OF", "2026-11-16")
    _write("create table words as select '7' as word")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(dedent(text).lstrip())
    small = DbtProject(tmp_path, target_path=home.dbt_target, profiles_dir=tmp_path)
    _parsed(small, "first")
    return small


def _parsed(project: DbtProject, stamp: str) -> None:
    parse(project)
    (project.manifest_path.parent / STAMP).write_text(stamp)


def _rows(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(f"{os.environ['POPS_HOME']}/warehouse.duckdb", read_only=True) as warehouse:
        found: list[tuple[Any, ...]] = warehouse.execute(query).fetchall()
        return found


def _write(statement: str) -> None:
    with duckdb.connect(f"{os.environ['POPS_HOME']}/warehouse.duckdb") as warehouse:
        warehouse.execute(statement)


def _mended(project: DbtProject) -> None:
    """The project without its model that fails, built once."""
    (Path(project.project_dir) / "models" / "broken.sql").write_text("select 1 as number")
    _parsed(project, "mended")
    assert {each.status for each in build_models(project)} == {"success"}


def _names(results: Iterable[ModelResult], status: str) -> set[str]:
    return {each.unique_id.rsplit(".", 1)[-1] for each in results if each.status == status}


def test_a_later_night_of_the_same_project_runs_what_dbt_ran_with_its_own_date(
    project: DbtProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mended(project)
    asked, invoke = [], dbt_calls._invoke

    def noted(of: DbtProject, command: list[str], *more: Any, **options: Any) -> Any:
        asked.append(command)
        return invoke(of, command, *more, **options)

    monkeypatch.setattr(dbt_calls, "_invoke", noted)
    monkeypatch.setenv("POPS_AS_OF", "2026-11-17")
    _write("update words set word = '8'")
    results = build_models(project)
    assert _names(results, "success") == {
        "grown", "visits", "broken", "after", "dated", "numbers", "sum",
    }  # fmt: skip
    assert [command[-2:] for command in asked] == [["--select", "grown"]]
    assert _rows("select * from dated") == [(date(2026, 11, 17), date(2026, 11, 16), "8")]
    assert _rows("select total from sum") == [(8,)]
    # A warehouse that is begun anew is built whole.
    for name in ("dated", "numbers", "sum", "visits", "after", "broken", "grown"):
        _write(f"drop table {name}")
    assert _names(build_models(project), "success") == _names(results, "success")
    assert _rows("select night from grown") == [(1,)]


def test_a_table_that_fails_on_a_later_night_is_told_in_dbts_words_and_keeps_its_last_rows(
    project: DbtProject,
) -> None:
    _mended(project)
    _write(f"update words set word = '{PERSON}'")
    results = build_models(project)
    assert _names(results, "error") == {"numbers"}
    assert _names(results, "skipped") == {"sum"}
    (told,) = [each.message for each in results if each.status == "error"]
    assert told.startswith("Runtime Error in model numbers (models/numbers.sql)\n  Conversion Error: ")
    assert PERSON not in without_records(told)
    assert _rows("select number from numbers") == [(7,)]
    _write("update words set word = '9'")
    assert not _names(build_models(project), "error")
    assert _rows("select total from sum") == [(9,)]


def test_kept_statements_read_the_raw_files_of_all_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the instances too that the registry declares; and a warehouse that is not there any more is begun anew."""
    registry = tmp_path / "registry"
    registry.mkdir()
    (registry / "organisation.yml").write_text(
        "organisation: [{id: o, name: O, reporting_time_zone: UTC, week_starts_on: monday}]"
    )
    (registry / "sources.yml").write_text("sources: [{id: jira_eu}]")
    monkeypatch.setenv("POPS_REGISTRY_DIR", str(registry))
    home = Home(tmp_path / "home")
    (home.root / "raw").mkdir(parents=True)
    for source in ("jira", "jira_eu"):
        duckdb.connect(str(home.root / "raw" / f"{source}.duckdb")).execute(
            "create table t as select 1 as one"
        ).close()
    table = Statement(
        "create table marts.together as select * from jira.t union all select * from jira_eu.t",
        (),
        "together.sql",
    )
    build = KeptBuild({"model.product_ops.together": table}, (), ("marts",))
    [made] = run_statements(home, build, date(2026, 11, 16), ())
    assert (made.status, made.message) == ("success", "")
    with duckdb.connect(str(home.warehouse)) as warehouse:
        assert warehouse.execute("select count(*) from marts.together").fetchall() == [(2,)]


@pytest.mark.parametrize("kept", [b"", b"[]", b'{"stamp": "mended"}', b"\xff"])
def test_dbt_builds_where_what_was_kept_cannot_be_read(project: DbtProject, kept: bytes) -> None:
    _mended(project)
    project.manifest_path.with_name("statements.json").write_bytes(kept)
    _write("update words set word = '8'")
    assert not _names(build_models(project), "error")
    assert _rows("select total from sum") == [(8,)]


def test_what_grows_is_built_anew_only_by_another_project(project: DbtProject) -> None:
    assert is_changed(project)
    assert not is_changed(project, at_first=False)
    build_models(project, ["grown"])
    # A part of the models leaves the others as they were, so the project counts as changed until all are built.
    assert is_changed(project)
    (Path(project.project_dir) / "models" / "broken.sql").write_text("select 1 as number")
    _parsed(project, "second")
    build_models(project)
    assert not is_changed(project)
    build_models(project)
    assert _rows("select rule, night from grown order by all") == [("first", 1), ("first", 2)]

    grown = Path(project.project_dir) / "models" / "grown.sql"
    grown.write_text(grown.read_text().replace("first", "second"))
    _parsed(project, "third")
    assert is_changed(project, at_first=False)
    build_models(project)
    assert _rows("select rule, night from grown") == [("second", 1)]
    assert not is_changed(project)


def test_a_home_that_was_moved_builds_with_what_was_parsed_there(
    project: DbtProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = Home(tmp_path / "moved")
    shutil.copytree(project.manifest_path.parent, moved.dbt_target)
    monkeypatch.setenv("POPS_HOME", str(moved.root))
    here = DbtProject(tmp_path, target_path=moved.dbt_target, profiles_dir=tmp_path)
    (tmp_path / "models" / "models.yml").write_text("nothing that can be parsed: {")
    assert [each.status for each in build_models(here, ["visits"])] == ["success"]
    assert _rows("select count(*) from visits") == [(6,)]


def test_a_project_is_parsed_where_what_was_kept_of_it_cannot_be_read(project: DbtProject) -> None:
    project.manifest_path.with_name("partial_parse.msgpack").write_bytes(b"")
    assert [each.status for each in build_models(project, ["visits"])] == ["success"]


def test_a_model_that_fails_is_told_and_costs_what_comes_after_it(
    project: DbtProject, capfd: pytest.CaptureFixture[str]
) -> None:
    results = {each.unique_id.rsplit(".", 1)[-1]: each for each in build_models(project)}
    assert {name: each.status for name, each in results.items()} == {
        "grown": "success", "visits": "success", "dated": "success", "numbers": "success", "sum": "success",
        "broken": "error", "after": "skipped",
    }  # fmt: skip
    assert "Conversion Error" in results["broken"].message
    printed = capfd.readouterr()
    kept = [path.read_bytes() for path in Path(os.environ["POPS_HOME"]).rglob("*.log*")]
    assert PERSON not in printed.out + printed.err
    assert not [text for text in kept if PERSON.encode() in text]


def test_every_test_is_judged_as_dbt_judges_it(project: DbtProject) -> None:
    build_models(project, ["visits"])
    nodes = json.loads(project.manifest_path.read_text())["nodes"]
    queries = queries_of_tests(project, date(2026, 11, 16))
    with duckdb.connect(f"{os.environ['POPS_HOME']}/warehouse.duckdb", read_only=True) as warehouse:
        ours = {
            each.unique_id: each for each in run_tests(EmbeddedWarehouse(lambda: warehouse), queries, nodes)
        }
    folder = str(project.project_dir)
    flags = [
        "--project-dir",
        folder,
        "--profiles-dir",
        folder,
        "--target-path",
        os.environ["POPS_HOME"] + "/other",
    ]
    done = dbtRunner().invoke(["test", "--quiet", "--vars", "{as_of: 2026-11-16}", *flags])
    DuckDBConnectionManager.close_all_connections()
    theirs = {each.node.unique_id: each for each in done.result.results}
    assert len(ours) == len(theirs) == 7
    assert {name: (each.passed, 0 if each.passed else each.failing_count) for name, each in ours.items()} == {
        name: (str(each.status) == "pass", each.failures) for name, each in theirs.items()
    }
    assert sorted(each.failing_count for each in ours.values() if not each.passed) == [1, 4, 4, 6]


def test_a_test_that_cannot_be_run_says_nothing_of_the_data(project: DbtProject) -> None:
    build_models(project, ["visits"])
    with duckdb.connect() as empty:
        nodes = {"test.a": {"config": {"fail_calc": "count(*)", "warn_if": "!= 0", "error_if": "!= 0"}}}
        (outcome,) = run_tests(EmbeddedWarehouse(lambda: empty), {"test.a": "select * from nowhere"}, nodes)
    assert outcome.error.startswith("Runtime Error in test\n  Catalog Error")
    assert (outcome.passed, outcome.failing_count, outcome.failing_keys) == (False, 0, ())


@pytest.mark.parametrize("name", ["manifest.json", "semantic_manifest.json", "tests.json"])
def test_what_a_power_cut_left_empty_is_made_again(
    project: DbtProject, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_calls, "DBT_PROJECT", Path(project.project_dir))
    home = Home.from_environment()
    file = parsed_project(home).manifest_path.with_name(name)
    whole = json.loads(file.read_text()).keys()
    made = file.stat().st_mtime_ns
    parsed_project(home)
    assert file.stat().st_mtime_ns == made
    file.write_bytes(b"")
    parsed_project(home)
    assert json.loads(file.read_text()).keys() == whole


def test_every_data_test_of_ours_is_compiled() -> None:
    """Without a warehouse; and none needs what only dbt's session has: the key of personal data."""
    target = parsed_target()
    assert not (target.parent / "warehouse.duckdb").exists()
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    queries = queries_of_tests(DbtProject(DBT_PROJECT, target_path=target), date(2026, 11, 16))
    assert queries.keys() == {name for name, node in nodes.items() if node["resource_type"] == "test"}
    assert not [name for name, query in queries.items() if "getvariable" in query or "${" in query]
    dated = [query for query in queries.values() if "2026-11-16" in query]
    assert len(dated) >= 5
