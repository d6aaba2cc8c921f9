"""The house stays as ARCHITECTURE says: imports run one way, names follow the rules, nothing reads the clock."""

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
# From the ground up: a package imports from lower floors only, and none from its own.
FLOORS = (
    ("sandbox",),
    ("connectors",),
    ("settings",),
    ("warehouse",),
    ("checks", "metrics"),
    ("learning",),
    ("reports",),
    ("messages", "publication"),
    ("orchestration",),
    ("pops",),
)
PACKAGES = tuple(package for floor in FLOORS for package in floor)
FLOOR_OF = {package: number for number, floor in enumerate(FLOORS) for package in floor}
MODELS = sorted((ROOT / "dbt_project" / "models").rglob("*.sql"))


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_downwards(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        ours = imported(path) & {*PACKAGES, "dbt_project", "tests"} - {package}
        below = {other for other in ours if FLOOR_OF.get(other, len(FLOORS)) < FLOOR_OF[package]}
        assert ours == below, f"{path.relative_to(ROOT)} imports {ours - below}"


@pytest.mark.parametrize("library", ["dagster", "dagster_dbt"])
def test_only_orchestration_knows_dagster(library: str) -> None:
    for package in set(PACKAGES) - {"orchestration"}:
        for path in (ROOT / package).rglob("*.py"):
            assert library not in imported(path), path


def test_only_the_command_line_knows_the_sandbox() -> None:
    for package in set(PACKAGES) - {"pops", "sandbox"}:
        for path in (ROOT / package).rglob("*.py"):
            assert "sandbox" not in imported(path), path


def test_connectors_do_not_know_each_other() -> None:
    sources = {path.parent.name for path in (ROOT / "connectors").glob("*/source.py")}
    for path in (ROOT / "connectors").glob("*/*.py"):
        text = path.read_text()
        for other in sources - {path.parent.name}:
            assert f"connectors.{other}" not in text, f"{path} knows {other}"


@pytest.mark.parametrize("package", [*PACKAGES, "tests"])
def test_files_stay_small(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 400, path


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_model_names_tell_layer_and_area(path: Path) -> None:
    layer, area = path.relative_to(ROOT / "dbt_project" / "models").parts[:2]
    patterns = {
        "staging": rf"stg_{area}__[a-z_]+",
        "intermediate": rf"int_{area}__[a-z0-9_]+",
        "marts": r"(dim|fct|bridge|mart)_[a-z_]+",
    }
    assert re.fullmatch(patterns[layer], path.stem)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_no_model_reads_the_clock_and_only_staging_reads_sources(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"current_date|current_timestamp|now\(\)|getdate|sysdate", text)
    if re.search(r"\b(source|raw)\(", text):
        assert "staging" in path.parts


def test_every_model_and_mart_column_is_described() -> None:
    models: dict[str, dict] = {}
    for path in (ROOT / "dbt_project" / "models").rglob("*.yml"):
        for model in (yaml.safe_load(path.read_text()) or {}).get("models", []):
            models[model["name"]] = model
    for path in MODELS:
        model = models.get(path.stem)
        assert model, f"{path.stem} is in no yml"
        assert model.get("description"), path.stem
        if "marts" in path.parts:
            assert model.get("columns"), path.stem
            for column in model["columns"]:
                assert column.get("description"), f"{path.stem}.{column['name']}"
                assert column.get("data_type"), f"{path.stem}.{column['name']}"


def test_marts_have_no_personal_columns() -> None:
    personal = re.compile(r"(^|_)(email|first_?name|last_?name|full_name|ip_address|phone|body|summary)($|_)")
    for path in (ROOT / "dbt_project" / "models" / "marts").rglob("*.yml"):
        for model in (yaml.safe_load(path.read_text()) or {}).get("models", []):
            for column in model.get("columns", []):
                assert not personal.search(column["name"]), f"{model['name']}.{column['name']}"


def test_singular_tests_read_as_sentences() -> None:
    for path in (ROOT / "dbt_project" / "tests").rglob("*.sql"):
        assert path.stem.startswith("assert_") or path.parent.name == "generic", path
