"""What is wrong with a registry is told in one go, in words for people."""

import os
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


@pytest.mark.parametrize("name", ["organisation.yml", "teams.yml", "sources.yml"])
def test_what_is_no_file_in_the_registry_is_told_and_hangs_nobody(folder: Path, name: str) -> None:
    place = folder / name
    for make in (
        lambda: place.mkdir(),
        lambda: os.mkfifo(place),
        lambda: place.symlink_to("/nowhere"),
        lambda: place.symlink_to(place),
        lambda: place.symlink_to("/dev/zero"),
    ):
        place.rmdir() if place.is_dir() else place.unlink(missing_ok=True)
        make()
        with pytest.raises(InvalidRegistry, match=f"{name}: It is no file"):
            load_registry(folder)
    place.unlink()
    with place.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InvalidRegistry, match=f"{name}: The file is larger than"):
        load_registry(folder)


def test_a_file_that_is_there_under_both_endings_is_told(folder: Path) -> None:
    shutil.copy(folder / "teams.yml", folder / "teams.yaml")
    with pytest.raises(InvalidRegistry, match=r"teams\.y.*ml: teams\.y.*ml says the same: keep one of them"):
        load_registry(folder)
