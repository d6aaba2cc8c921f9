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


# File, what stands there, what somebody wrote instead, what is told; of wrong names each with the nearest.
SLIPS = [
    ("organisation", "expected_use:", "expected_usage:", "`expected_usage` is no key here. Did you mean `expected_use`?"),
    ("organisation", "Europe/Berlin", "Europe/Berln", "`Europe/Berln` is no time zone"),
    ("calendar", "2026-05-25", "2026-13-25", "The `id` of a holiday is its date"),
    ("calendar", "mon, tue", "mon, tues", "`days` is one of 'mon'"),
    ("features", "adoption_target: 0.60", "adoption_targt: 0.60", "Did you mean `adoption_target`?"),
    ("products", "steps:\n        - {event: project", "steps:\n        - {evnt: project", "Did you mean `event`?"),
    ("sources", "{group: account}", "{grop: account}", "`grop` is no key here. Did you mean `group`?"),
    ("sources", "id: salesforce", "id: salesforc", "Did you mean `salesforce`?"),
    ("launches", "features: [jira_sync]", "features: [jira_sink]", "Did you mean `jira_sync`?"),
    ("launches", "kind: beta", "kid: beta", "`kid` is no key here. Did you mean `kind`?"),
    ("experiments", "feature: dashboards", "feature: dashbords", "Did you mean `dashboards`?"),
    ("north_star", "feeds: breadth", "feeds: bredth", "Did you mean `breadth`?"),
    ("services", "repository: studio-web", "repositry: studio-web", "Did you mean `repository`?"),
    ("remarks", "finding: on_time_rate/team_id=cosmos", "finding: on_time_rate/team_id=cosmo", "Did you mean `cosmos`?"),
    ("remarks", "finding: csat_rate/", "finding: csat_rat/", "Did you mean `csat_rate`?"),
    ("roadmap_statuses", "stage: ready", "stage: redy", "Did you mean `ready`?"),
    ("glossary", "kind: event", "kid: event", "`kid` is no key here. Did you mean `kind`?"),
]  # fmt: skip


def test_slips_in_every_file_are_told_at_once_with_the_nearest_name_whatever_is_wrong_with_the_organisation(
    folder: Path,
) -> None:
    for name, old, new, _ in SLIPS:
        head, key, entries = (folder / f"{name}.yml").read_text().partition(f"{name}:\n")
        assert old in entries
        (folder / f"{name}.yml").write_text(head + key + entries.replace(old, new, 1))
    with pytest.raises(InvalidRegistry) as caught:
        load_registry(folder)
    for name, _, _, told in SLIPS:
        assert any(told in each and each.startswith(f"{name}.yml:") for each in caught.value.problems), told


def test_who_names_an_id_that_was_is_told_the_one_of_now(folder: Path) -> None:
    replace(folder / "teams.yml", "{id: draco, name: Draco,", "{id: delphi, name: Delphi, formerly: [draco],")
    with pytest.raises(InvalidRegistry) as caught:
        load_registry(folder)
    assert {each.partition("names ")[2] for each in caught.value.problems} == {
        "the team `draco`, which is called `delphi` now: write that."
    }


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
