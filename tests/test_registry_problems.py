"""What is wrong with a registry is told in one go, in words for people."""

import shutil
from pathlib import Path

import pytest

from connectors.errors import InvalidRegistry
from connectors.registry.files import load_registry
from sandbox.serving.environment import REGISTRY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REGISTRY, tmp_path / "registry"))


def replace(path: Path, old: str, new: str) -> int:
    """Replace the first `old` and return the line on which it stands."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def test_all_problems_of_all_files_are_told_in_one_go_and_no_more_than_those(folder: Path) -> None:
    lines = [
        ("funnels.yml", replace(folder / "funnels.yml", "window_days: 7", "window_days: [7")),
        ("products.yml", replace(folder / "products.yml", "name: Connect, ", "")),
        ("exclusions.yml", replace(folder / "exclusions.yml", "[acmeflow.example]", '["@acmeflow.example"]')),
        ("surveys.yml", replace(folder / "surveys.yml", "id: team-pulse", "id: team pulse")),
        ("targets.yml", replace(folder / "targets.yml", "at_least: 0.80", "at_least: most")),
        ("features.yml", replace(folder / "features.yml", "team: atlas", "team: nobody") - 3),
    ]
    with pytest.raises(InvalidRegistry) as caught:
        load_registry(folder)
    told = {problem.partition(": ")[0]: problem for problem in caught.value.problems}
    # The error of YAML is met where the line after it begins.
    assert told.keys() == {
        *(f"{file}:{line}" for file, line in lines if file != "funnels.yml"),
        *(place for place in told if place.startswith("funnels.yml:")),
    }
    assert len(told) == len(lines) == len(caught.value.problems)
    said = " ".join(told.values())
    assert "the id `team pulse` has blanks: write team-pulse" in said
    assert "Write domains alone, without @" in said
    assert "`at_least` is a number." in said
    assert "`nobody`, which teams.yml does not have" in said
    for word in ("valid", "Input", "pattern", "parse"):
        assert word not in said
