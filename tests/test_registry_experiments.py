"""What the registry says of experiments: valid only when whole and about what there is."""

import shutil
from pathlib import Path

import pytest

from connectors.errors import InvalidRegistry
from connectors.registry.files import load_registry
from sandbox.serving.environment import REGISTRY
from tests.registry_edits import merge

GOOD = """experiments:
  - id: hints
    name: Hints
    flag: hints
    hypothesis: Who is shown a hint comments.
    owner: "team:studio"
    product: studio
    started_on: 2026-09-07
    planned_end_on: 2026-10-04
    planned_sample: 400
    variants:
      - {key: "0", name: No hints, weight: 50, is_control: true}
      - {key: "1", name: Hints, weight: 50}
    primary: {measure: adoption, feature: comments, change_at_least: 0.1}
    guardrails: [{measure: tickets, cap: 5, change_at_most: 0.2}]
    exposure: {event: seen, experiment_property: test, variant_property: arm}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REGISTRY, tmp_path / "registry"))


def test_a_registry_needs_none(folder: Path) -> None:
    (folder / "experiments.yml").unlink()
    assert load_registry(folder).experiments == []


def test_an_experiment_is_read_with_its_variants_and_effects(folder: Path) -> None:
    (folder / "experiments.yml").write_text(GOOD)
    (experiment,) = load_registry(folder).experiments
    assert [(each.key, each.is_control) for each in experiment.variants] == [("0", True), ("1", False)]
    assert (experiment.primary.feature, experiment.guardrails[0].cap) == ("comments", 5)


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("    hypothesis: Who is shown a hint comments.\n", "", 2, "`hypothesis` is missing"),
        ('    owner: "team:studio"\n', "", 2, "`owner` is missing"),
        ("    planned_end_on: 2026-10-04\n", "", 2, "`planned_end_on` is missing"),
        ("    planned_sample: 400\n", "", 2, "`planned_sample` is missing"),
        (
            "    primary: {measure: adoption, feature: comments, change_at_least: 0.1}\n",
            "",
            2,
            "`primary` is missing",
        ),
        (", change_at_least: 0.1", "", 14, "say what is expected: one of `change_at_least`"),
        (
            "change_at_least: 0.1",
            "change_at_least: 0.1, change_at_most: 0.2",
            14,
            "say what is expected: one of",
        ),
        ("measure: adoption", "measure: adoptions", 14, "measure"),
        ("measure: adoption", "measure: adoption, cap: 3", 14, "`cap` has no meaning for `adoption`"),
        ("feature: comments", "feature: coments", 2, "the feature `coments`, which features.yml"),
        ("product: studio", "product: stud", 2, "the product `stud`, which products.yml"),
        ("planned_end_on: 2026-10-04", "planned_end_on: 2026-09-01", 2, "`planned_end_on` is before"),
        (
            "    planned_sample: 400\n",
            "    planned_sample: 400\n    stopped_on: 2026-10-10\n    stop_reason: r\n",
            2,
            "`stopped_on` is not between",
        ),
        (
            "    planned_sample: 400\n",
            "    planned_sample: 400\n    stopped_on: 2026-09-10\n",
            2,
            "Say both `stopped_on` and `stop_reason`",
        ),
        (", is_control: true", "", 2, "One variant must have `is_control: true`"),
        ('key: "1"', 'key: "0"', 2, "Two variants have the same `key`"),
        ('      - {key: "1", name: Hints, weight: 50}\n', "", 11, "`variants` needs at least 2"),
        ("weight: 50, is", "weight: 0, is", 12, "weight"),
        (", variant_property: arm", "", 16, "`variant_property` is missing"),
        ("id: hints", "id: Hints", 2, "small letters"),
    ],
)
def test_an_experiment_that_is_not_whole_is_refused_with_its_line(
    folder: Path, old: str, new: str, line: int, what: str
) -> None:
    (folder / "experiments.yml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(InvalidRegistry) as told:
        load_registry(folder)
    assert what in str(told.value)
    assert f"experiments.yml:{line}" in str(told.value)


def test_two_experiments_do_not_share_a_flag_at_a_time(folder: Path) -> None:
    again = GOOD.removeprefix("experiments:\n").replace("id: hints", "id: again")
    (folder / "experiments.yml").write_text(GOOD + again)
    with pytest.raises(InvalidRegistry, match="`again` has the flag `hints` while `hints` has it"):
        load_registry(folder)
    later = again.replace("2026-09-07", "2026-10-05").replace("2026-10-04", "2026-11-01")
    (folder / "experiments.yml").write_text(GOOD + later)
    assert len(load_registry(folder).experiments) == 2


def test_what_is_over_keeps_the_names_of_its_time(folder: Path) -> None:
    """A merged feature would else make an edit of every experiment that it was in."""
    merge(folder)
    assert "templates" not in {each.id for each in load_registry(folder).features}
