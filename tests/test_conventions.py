"""The conventions of the dbt project that need no dbt: what reads what, what is contracted, what has an owner's words.

Names, descriptions and sources are held by `test_architecture`.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "dbt_project"
MODELS = {path.stem: path for path in sorted((PROJECT / "models").rglob("*.sql"))}
# From which layers a layer may read. Marts read the registry's staging where a dimension is nothing but its rows.
READS = {
    "staging": {"staging"},
    "intermediate": {"staging", "intermediate"},
    "marts": {"intermediate", "marts"},
}
# The same in every row of the two models that it puts together, where the keys are tested.
KEYS_TESTED_BELOW = {"bridge_identity"}
OF_OTHER_SOURCES = ("registry",)
COLUMN_KEYS = {"name", "data_type", "description", "data_tests", "granularity"}


def layer_of(path: Path) -> str:
    return path.relative_to(PROJECT / "models").parts[0]


def refs(path: Path) -> set[str]:
    """The models that are named in full; names that a loop puts together are of its own layer's sources."""
    return set(re.findall(r"ref\(\s*['\"](\w+)['\"]\s*\)", path.read_text()))


@cache
def described() -> dict[str, tuple[Path, dict[str, Any]]]:
    """Every model's entry in the YAML files, with its file; fails when a model has two."""
    found: dict[str, tuple[Path, dict[str, Any]]] = {}
    for path in sorted((PROJECT / "models").rglob("*.yml")):
        for model in (yaml.safe_load(path.read_text()) or {}).get("models", []):
            assert model["name"] not in found, f"{model['name']} is described twice"
            found[model["name"]] = (path, model)
    return found


@pytest.mark.parametrize("layer", READS)
def test_layers_read_only_what_lies_below(layer: str) -> None:
    wrong = []
    for name, path in MODELS.items():
        if layer_of(path) != layer:
            continue
        for other in refs(path):
            below = MODELS[other]
            is_registry = below.parent.name in OF_OTHER_SOURCES
            if layer_of(below) not in READS[layer] and not (layer == "marts" and is_registry):
                wrong.append(f"{name} reads {other}")
    assert not wrong


def test_staging_knows_its_own_source_and_the_registry() -> None:
    wrong = [
        f"{name} reads {other}"
        for name, path in MODELS.items()
        if layer_of(path) == "staging"
        for other in refs(path)
        if MODELS[other].parent.name not in (path.parent.name, *OF_OTHER_SOURCES)
    ]
    assert not wrong


def test_marts_are_contracted_by_default_and_none_takes_it_back() -> None:
    models = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["models"]["product_ops"]
    assert models["marts"]["+contract"] == {"enforced": True}
    for name, path in MODELS.items():
        assert not re.search(r"\bcontract\b", path.read_text()), name
        assert "contract" not in (described()[name][1].get("config") or {}), name


def test_a_model_is_described_and_tried_in_the_file_of_its_name() -> None:
    assert set(described()) == set(MODELS)
    for name, (file, model) in described().items():
        assert file == MODELS[name].with_suffix(".yml"), name
        assert str(model["description"]).strip().endswith((".", "?")), name
        content = yaml.safe_load(file.read_text())
        assert set(content) <= {"models", "unit_tests"}, file
        assert [each["name"] for each in content["models"]] == [name], file
        assert {each["model"] for each in content.get("unit_tests", [])} <= {name}, file


def faults_of_columns(model: dict[str, Any]) -> list[str]:
    """Columns whose text says no more than their name does, or ends at a comma that is YAML's and not the sentence's."""
    found = []
    for column in model.get("columns", []):
        place = f"{model['name']}.{column['name']}"
        if "description" in column and len(str(column["description"]).split()) <= 3:
            found.append(
                f"{place} says nothing in {column['description']!r}: say what is in it, or leave it out"
            )
        found += [f"{place}: quote the text with {key!r}" for key in set(column) - COLUMN_KEYS]
    return found


def test_a_column_is_described_in_words_that_say_something() -> None:
    assert [fault for _, model in described().values() for fault in faults_of_columns(model)] == []


@pytest.mark.parametrize(
    "column",
    ["{name: id, description: Its id.}", "{name: at, description: Its time of birth (UTC), as told.}"],
)
def test_a_column_without_words_is_found(column: str) -> None:
    assert faults_of_columns({"name": "a_model", "columns": [yaml.safe_load(column)]})


def test_every_mart_has_a_key_that_is_tested() -> None:
    for name, path in MODELS.items():
        if layer_of(path) != "marts" or name in KEYS_TESTED_BELOW:
            continue
        model = described()[name][1]
        tests = [*model.get("data_tests", [])]
        for column in model["columns"]:
            tests += column.get("data_tests", [])
        names = {each if isinstance(each, str) else next(iter(each)) for each in tests}
        assert names & {"whole_rows", "unique", "unique_rows"}, f"{name} has no test of its key"
