"""The organisation's own code beside its registry: what is wrong with it is a sentence, and what it uses is watched."""

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from connectors.company import own_folder, repository
from connectors.contract import Stream
from connectors.own_connectors import refuse_wrong
from connectors.zendesk.source import ZendeskConnector
from metrics.values import append_metric_values
from orchestration import dbt_calls, own_uses
from orchestration.dbt_calls import parsed_project
from pops.workbench.scaffold import Place, ScaffoldError, new_check, new_model
from sandbox.serving.environment import REGISTRY
from settings.home import DBT_PROJECT, PROJECT_ROOT, Home
from settings.own_code import dbt_project, metric_folders, own_folders, refuse_wrong_code
from tests import own_repository
from tests.metric_warehouse import create_warehouse, engine_of, execute, insert, manifest_of

AS_OF, FIRST_DAY = date(2026, 11, 16), date(2026, 10, 5)


def folder_with(tmp_path: Path, files: dict[str, str]) -> dict[str, str]:
    shutil.copytree(REGISTRY, tmp_path / "registry")
    own_repository.write(tmp_path, files)
    return {"POPS_REGISTRY_DIR": str(tmp_path / "registry")}


def test_an_organisation_without_own_code_has_the_products_project(tmp_path: Path) -> None:
    env, home = folder_with(tmp_path, {}), Home(tmp_path / "home")
    assert (own_folders(env), metric_folders(env)) == ({}, [DBT_PROJECT / "models" / "metrics"])
    assert dbt_project(home, env=env) == DBT_PROJECT
    assert not home.root.exists()


def test_neither_this_project_nor_a_folder_of_another_name_is_taken_for_own_code(tmp_path: Path) -> None:
    assert repository({"POPS_REGISTRY_DIR": str(PROJECT_ROOT / "registry")}) is None
    (tmp_path / "models").mkdir()
    assert own_folder("models", {"POPS_REGISTRY_DIR": str(tmp_path / "facts")}) is None
    assert own_folder("models", {"POPS_REGISTRY_DIR": str(tmp_path / "registry")}) == tmp_path / "models"


def test_the_project_of_both_follows_what_comes_and_goes(tmp_path: Path) -> None:
    env, home = folder_with(tmp_path, own_repository.GOOD), Home(tmp_path / "home")
    project = dbt_project(home, env=env)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.sql")}
    for kind in ("models", "metrics", "checks"):
        assert (project / "own" / kind).resolve() == tmp_path / kind
    assert (project / "models").resolve() == DBT_PROJECT / "models"
    shutil.rmtree(tmp_path / "checks")
    assert not (dbt_project(home, env=env) / "own" / "checks").exists()
    assert files - {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.sql")} == {
        name for name in own_repository.GOOD if name.startswith("checks")
    }


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("models/marts/core/fct_ticket.sql", "the product has a model `fct_ticket` itself: give yours another name"),
        ("models/mart_cost.sql", "a model lies in `models/<layer>/<area>/`"),
        ("models/reports/finance/mart_cost.sql", "the layer is one of staging, intermediate, marts"),
        ("checks/assert_on_time_issues_are_among_those_due.sql", "the product has a check"),
        ("macros/ours.sql", "the product has a macro `slug_of` itself: give yours another name"),
        ("connectors/hubspot/source.py", "the product has a source `hubspot` itself: give yours another name"),
    ],
)  # fmt: skip
def test_a_name_that_is_taken_and_a_place_that_is_none_are_refused_by_name(
    tmp_path: Path, file: str, said: str
) -> None:
    with pytest.raises(ValueError, match=r"itself|lies in") as refusal:
        refuse_wrong_code(folder_with(tmp_path, {file: "{%- macro slug_of(text) %}{% endmacro %}"}))
    assert str(tmp_path / file).removesuffix("/source.py") in str(refusal.value)
    assert said in str(refusal.value)


def test_own_connectors_are_held_to_the_contract() -> None:
    class Wrong(ZendeskConnector):
        name = "zendesk"
        family = "cms"  # type: ignore[assignment]
        streams = (Stream("tickets", "Tickets", ()),)  # type: ignore[arg-type]

    refuse_wrong(ZendeskConnector, "zendesk", "connectors/zendesk/source.py")
    with pytest.raises(ValueError, match="named 'zendesk', and the source `acme`") as refusal:
        refuse_wrong(Wrong, "acme", "connectors/acme/source.py")
    for said in ("of the family 'cms', which is none of product_analytics", "no tuple `streams`"):
        assert said in str(refusal.value)


WRONG_CONNECTORS = {
    "import nothing_of_this_name\n": "cannot be used: ModuleNotFoundError: No module named",
    "def broken(:\n": "cannot be used: SyntaxError: invalid syntax",
    "class Something:\n    pass\n": "has 0 subclasses of Connector: write exactly one",
}


def test_a_connector_that_cannot_be_imported_stops_a_night_with_a_sentence_before_any_request(
    tmp_path: Path,
) -> None:
    env = folder_with(tmp_path, {"connectors/acme/__init__.py": ""})
    env |= {"POPS_HOME": str(tmp_path / "home"), "POPS_PSEUDONYM_KEY": "0123456789abcdef" * 2}
    ask = "from orchestration.preflight import check_settings as check; import os, sys\ntry: check(os.environ)\nexcept ValueError as e: sys.exit(str(e))"
    commands = [["-c", ask], ["-c", ask], ["-m", "pops", "nightly", "--as-of", AS_OF.isoformat()]]
    for (text, said), command in zip(WRONG_CONNECTORS.items(), commands, strict=True):
        own_repository.write(tmp_path, {"connectors/acme/source.py": text})
        done = subprocess.run(
            [sys.executable, *command], env=os.environ | env, capture_output=True, text=True, check=False
        )
        told = "".join((done.stdout + done.stderr).split("\n"))
        assert done.returncode == 1
        assert said in told
        assert f"{tmp_path}/connectors/acme/source.py" in told
        assert "Traceback" not in told


def test_a_connector_of_an_installed_package_is_a_source_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    about = tmp_path / "acme_tools-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: acme-tools\nVersion: 1\n")
    (tmp_path / "acme_tools.py").write_text(
        "from connectors.zendesk.source import ZendeskConnector\n"
        "class Acme(ZendeskConnector):\n    name = 'acme'\n    title = 'Acme'\n"
    )
    ask = (
        "from connectors import connector_class\nfrom settings.own_code import refuse_wrong_code\nimport sys\n"
        "try:\n    refuse_wrong_code()\n    print(connector_class('acme').title, connector_class('acme_eu').name)\n"
        "except ValueError as e: sys.exit(str(e))"
    )
    env = os.environ | folder_with(tmp_path / "company", {}) | {"PYTHONPATH": f"{PROJECT_ROOT}:{tmp_path}"}
    for points, said in (
        ("acme = acme_tools:Acme", "Acme acme_eu"),
        ("acme = acme_tools:Gone", "acme_tools:Gone (an installed package) cannot be used: AttributeError"),
        ("acme = acme_tools:__name__", "is no Connector: name the class"),
        ("jira = acme_tools:Acme", "the product has a source `jira` itself"),
    ):
        (about / "entry_points.txt").write_text(f"[product_ops.connectors]\n{points}\n")
        done = subprocess.run(
            [sys.executable, "-c", ask], env=env, capture_output=True, text=True, check=False
        )
        assert said in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


# A small product, which is parsed in a blink.
PRODUCT = {
    "dbt_project.yml": """
        name: product_ops
        profile: small
        config-version: 2
        model-paths: [models, own/models, own/metrics]
        test-paths: [tests, own/checks]
        macro-paths: [macros, own/macros]
        """,
    "profiles.yml": """
        small: {target: here, outputs: {here: {type: duckdb, path: "{{ env_var('POPS_HOME') }}/warehouse.duckdb"}}}
        """,
    "models/marts/core/fct_ticket.sql": "select 1 as ticket_id",
    "models/marts/core/fct_ticket.yml": """
        models:
          - name: fct_ticket
            columns: [{name: created_date, data_type: date}, {name: is_counted, data_type: boolean}, {name: segment}]
        """,
}
WRONG = {
    "models/marts/finance/mart_ticket_cost.sql": (
        "select 1 as one from {{ ref('fct_gone') }}",
        ("/models/marts/finance/mart_ticket_cost.sql)", "depends on a node named 'fct_gone' which was not found"),
    ),
    "models/marts/finance/finance.yml": (
        "models:\n  - name: [x\n",
        ("marts/finance/finance.yml", "Syntax error near line 3"),
    ),
    "checks/assert_no_ticket_costs_less_than_nothing.sql": (
        "select {{ 1 as one",
        ("/checks/assert_no_ticket_costs_less_than_nothing.sql)", "expected token 'end of print statement'"),
    ),
    "macros/cost.sql": ("{% macro cost_of(count %}1{% endmacro %}", ("/macros/cost.sql", "expected token")),
    "metrics/support/sem_cost.yml": (
        own_repository.GOOD["metrics/support/sem_cost.yml"].replace("measure: tickets_with_cost", "measure: gone"),
        ("/metrics/support/sem_cost.yml)", "measure `gone` does not exist"),
    ),
}  # fmt: skip


def test_what_dbt_cannot_read_is_a_sentence_and_what_it_reads_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {name: text for name, text in own_repository.GOOD.items() if not name.startswith("metrics")}
    folder, home = tmp_path / "company", Home(tmp_path / "home")
    env = folder_with(folder, good)
    for name, value in {**env, "POPS_HOME": str(home.root)}.items():
        monkeypatch.setenv(name, value)
    own_repository.write(tmp_path / "product", PRODUCT)
    monkeypatch.setattr(dbt_calls, "DBT_PROJECT", tmp_path / "product")
    for file, (text, said) in WRONG.items():
        own_repository.write(folder, {file: text})
        with pytest.raises(ValueError, match=f"dbt cannot read {folder}") as refusal:
            parsed_project(home)
        for each in said:
            assert each in str(refusal.value)
        assert str(refusal.value).endswith("Mend it, or take it away: no vendor was asked.")
        (folder / file).unlink()
        own_repository.write(folder, {file: good[file]} if file in good else {})
    project = parsed_project(home)
    assert "model.product_ops.mart_ticket_cost" in json.loads(project.manifest_path.read_bytes())["nodes"]
    # What dbt compiles lies in the home, and not in place of what it was made from.
    assert (folder / "models/marts/finance/mart_ticket_cost.sql").read_text().count("{{ ref(") == 1
    own_uses.keep_built(home.dbt_target)
    assert own_uses.changes(home.dbt_target) == []

    columns = PRODUCT["models/marts/core/fct_ticket.yml"].replace("data_type: date", "data_type: timestamp")
    own_repository.write(
        tmp_path / "product",
        {"models/marts/core/fct_ticket.yml": columns.replace("{name: is_counted, data_type: boolean}, ", "")},
    )
    parsed_project(home)
    mart = "own/models/marts/finance/mart_ticket_cost.sql"
    assert own_uses.changes(home.dbt_target) == [
        f"{mart}: `fct_ticket.created_date` is timestamp now, and was date: look whether what you make of it still holds.",
        f"{mart}: `fct_ticket` has no column `is_counted` any more: use another, CHANGELOG.md says what took its place.",
    ]
    own_uses.keep_built(home.dbt_target)
    assert own_uses.changes(home.dbt_target) == []


def test_uses_are_found_through_every_part_of_a_query() -> None:
    def node(name: str, columns: dict[str, str], **more: object) -> dict[str, object]:
        found = {column: {"data_type": kind} for column, kind in columns.items()}
        where = {
            "database": "warehouse",
            "schema": "marts",
            "alias": name,
            "original_file_path": f"models/{name}.sql",
        }
        return {"name": name, "columns": found, **where, **more}

    ticket = {"product_id": "string", "segment": "string", "is_solved": "boolean", "priority": "string"}
    file = "own/models/marts/finance/mart_x.sql"
    manifest = {"nodes": {
        "t": node("fct_ticket", ticket), "d": node("dim_team", {"team_id": "string", "priority": "string"}),
        "o": node("mart_x", {}, original_file_path=file, depends_on={"nodes": ["t", "d"]}),
    }}  # fmt: skip
    query = """
        with tickets as (select * from "warehouse"."marts"."fct_ticket" where segment = 'smb')
        select tickets.product_id, count(*) filter (where tickets.is_solved)
        from tickets left join "warehouse"."marts"."dim_team" as teams on teams.team_id = 'x' group by 1
        """
    found = own_uses.uses(manifest, {"o": query})[file]["models"]
    assert {name: each["used"] for name, each in found.items()} == {
        "fct_ticket": ["is_solved", "product_id", "segment"],
        "dim_team": ["team_id"],
    }


def test_a_metric_that_costs_only_itself_leaves_the_others_and_its_own_numbers(tmp_path: Path) -> None:
    warehouse = create_warehouse(tmp_path / "warehouse.duckdb")
    insert(warehouse, "marts.fct_ticket", [("t1", "board", "smb", True, False, date(2026, 10, 6))])
    engine = engine_of(manifest_of("tickets_created", "active_users_week"))
    append_metric_values(warehouse, engine, AS_OF, FIRST_DAY)
    numbers = "select * from metrics.metric_values order by all"
    before = execute(warehouse, numbers)
    execute(warehouse, "drop table marts.fct_usage_daily")
    run = append_metric_values(warehouse, engine, AS_OF, FIRST_DAY, expendable={"active_users_week"})
    assert list(run.failed) == ["active_users_week"]
    assert "fct_usage_daily" in run.failed["active_users_week"]
    assert execute(warehouse, numbers) == before


def test_new_files_are_written_where_the_registry_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = folder_with(tmp_path, own_repository.GOOD)
    monkeypatch.setenv("POPS_REGISTRY_DIR", env["POPS_REGISTRY_DIR"])
    assert Place.here() == Place(PROJECT_ROOT)
    monkeypatch.chdir(tmp_path / "models")
    place = Place.here()
    assert (place.root, place.is_own) == (tmp_path, True)
    assert new_model("mart_cost_week", "mart_ticket_cost", "created_date", "finance", place) == [
        "models/marts/finance/mart_cost_week.sql", "models/marts/finance/mart_cost_week.yml",
    ]  # fmt: skip
    assert new_check("assert_weeks_have_rows", "mart_cost_week", "row_count < 1", place) == [
        "checks/finance/assert_weeks_have_rows.sql"
    ]
    for taken in ("fct_ticket", "mart_ticket_cost"):
        with pytest.raises(ScaffoldError, match=f"There is a model {taken} already"):
            new_model(taken, "fct_ticket", "created_date", "finance", place)
    refuse_wrong_code(env)
