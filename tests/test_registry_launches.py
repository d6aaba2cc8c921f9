"""What the registry says of launches: valid only when whole and about what there is."""

import shutil
from pathlib import Path

import pytest

from connectors.errors import InvalidRegistry
from connectors.registry.files import load_registry
from pops.onboarding.registry_check import held_against_data
from sandbox.serving.environment import REGISTRY

GOOD = """launches:
  - id: timeline
    name: Timeline
    features: [timeline]
    owner: "team:studio"
    kind: ga
    launched_on: 2026-09-29
    hypothesis: Planners open it every week.
    primary: {metric: feature_adoption_rate, feature: timeline, at_least: 0.2, window_days: 30}
    further: [{metric: feature_adoption_rate, feature: timeline, segment: smb, at_least: 0.3}]
    guardrails: [{metric: contact_rate, change_at_most: 0.1}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REGISTRY, tmp_path / "registry"))


def test_a_registry_needs_none(folder: Path) -> None:
    (folder / "launches.yml").unlink()
    assert load_registry(folder).launches == []


def test_a_launch_is_read_with_its_metrics(folder: Path) -> None:
    (folder / "launches.yml").write_text(GOOD)
    (launch,) = load_registry(folder).launches
    assert launch.primary.cut() == {"feature_id": "timeline"}
    assert launch.further[0].cut() == {"feature_id": "timeline", "segment": "smb"}
    assert (launch.primary.window_days, launch.guardrails[0].change_at_most) == (30, 0.1)


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("    hypothesis: Planners open it every week.\n", "", 2, "`hypothesis` is missing"),
        ('    owner: "team:studio"\n', "", 2, "`owner` is missing"),
        (
            "    primary: {metric: feature_adoption_rate, feature: timeline, at_least: 0.2, window_days: 30}\n",
            "",
            2,
            "`primary` is missing",
        ),
        (", window_days: 30", "", 9, "`window_days` is missing"),
        (", at_least: 0.2", "", 9, "say the target: one of `at_least`, `at_most`"),
        ("at_least: 0.2", "at_least: 0.2, at_most: 0.4", 9, "say the target: one of"),
        ("window_days: 30", "window_days: 10", 9, "window_days"),
        ("features: [timeline]", "features: [timelime]", 2, "the feature `timelime`, which features.yml"),
        ("features: [timeline]", "features: []", 4, "features"),
        (
            "metric: contact_rate",
            "metric: contact_rates",
            2,
            "the metric `contact_rates`, which glossary.yml does not have",
        ),
        ("feature: timeline,", "feature: gantt,", 2, "the feature `gantt`, which features.yml does not have"),
        (
            "feature: timeline, at_least",
            "product: stud, at_least",
            2,
            "the product `stud`, which products.yml does not have",
        ),
        ("kind: ga", "kind: big", 6, "kind"),
        ("launched_on: 2026-09-29", "launched_on: soon", 7, "launched_on"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(folder: Path, old: str, new: str, line: int, what: str) -> None:
    assert old in GOOD
    (folder / "launches.yml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(InvalidRegistry) as told:
        load_registry(folder)
    assert what in str(told.value)
    assert f"launches.yml:{line}" in str(told.value)


def test_a_cut_that_a_metric_does_not_have_is_told(folder: Path, tmp_path: Path) -> None:
    text = GOOD.replace("change_at_most: 0.1", "segment: smb, change_at_most: 0.1")
    (folder / "launches.yml").write_text(text)
    told = held_against_data({"POPS_REGISTRY_DIR": str(folder)}, tmp_path / "home")
    assert [each for each in told if each.startswith("launches")] == [
        "launches.yml:11: `contact_rate` is not known by this cut; it is known: of all; feature."
    ]


def test_a_launch_keeps_the_names_of_its_time(folder: Path) -> None:
    """A feature that is called otherwise would else make an edit of every launch that brought it."""
    features = folder / "features.yml"
    features.write_text(
        features.read_text().replace("- id: timeline\n", "- id: roads\n    formerly: [timeline]\n")
    )
    (folder / "launches.yml").write_text(GOOD)
    registry = load_registry(folder)
    assert "timeline" not in {each.id for each in registry.features}
    assert [launch.features for launch in registry.launches] == [["timeline"]]
