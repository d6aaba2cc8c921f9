"""The company's experiments: what the registry says of them is what they hoped for, and each verdict is the company's own."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from connectors.registry.files import load_registry
from sandbox.company.catalogue import HISTORY_END, HISTORY_START
from sandbox.company.company import Company
from sandbox.company.experiments.catalogue import (
    AT_LEAST,
    CONTROL,
    EXPERIMENTS,
    GUARDRAIL_AT_LEAST,
    TREATMENT,
)
from sandbox.company.flags import TRIALS
from sandbox.company.usage.days import DayMaker
from sandbox.company.usage.traits import EXPOSURE_KINDS, RAGE_KINDS
from sandbox.serving.environment import REGISTRY, earlier_registries
from sandbox.truth.experiments import experiment_truth
from tests.nights import NIGHTS, ThreeNights, night_moment, three_nights

STORIES = {
    "comment-hints": "confirmed",
    "dashboard-start": "refuted",
    "compact-board": "not_trusted",
    "report-tips": "inconclusive",
    "forecast-banner": "stopped_early",
    "template-gallery": "not_yet",
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> ThreeNights:
    return three_nights(tmp_path_factory)


def test_the_registry_says_what_was_hoped_for(tmp_path: Path) -> None:
    declared = {each.id: each for each in load_registry(REGISTRY).experiments}
    assert declared.keys() == STORIES.keys()
    for experiment in EXPERIMENTS:
        said = declared[experiment.id]
        assert (said.name, said.started_on, said.planned_end_on, said.stopped_on) == (
            experiment.name, experiment.started_on, experiment.planned_end_on, experiment.stopped_on,
        )  # fmt: skip
        assert tuple(each.name for each in said.variants) == experiment.variants
        assert [(each.key, each.weight, each.is_control) for each in said.variants] == [
            (CONTROL, 50, True), (TREATMENT, 50, False)
        ]  # fmt: skip
        assert (said.primary.measure, said.primary.feature, said.primary.change_at_least) == (
            "adoption", experiment.feature, AT_LEAST,
        )  # fmt: skip
        guarded = [(each.feature, each.change_at_least) for each in said.guardrails if each.feature]
        assert guarded == ([(experiment.guardrail, GUARDRAIL_AT_LEAST)] if experiment.guardrail else [])
    first_written: dict[str, date] = {}
    for day, folder in (*earlier_registries(tmp_path), (NIGHTS[0], REGISTRY)):
        for each in load_registry(folder).experiments:
            first_written.setdefault(each.id, day)
    assert all(first_written[each.id] < each.started_on for each in EXPERIMENTS)


@pytest.mark.parametrize("seed", [7, 11])
def test_people_do_what_they_do_whatever_is_tried_on_them(seed: int) -> None:
    """Without its events of exposure, and rage clicks, a day is the day that there was before any experiment."""
    company = Company.create("small", seed)
    shown = company.usage
    plain: DayMaker = shown._maker
    kinds = np.array([*EXPOSURE_KINDS.values(), *RAGE_KINDS.values()])
    for day in (HISTORY_START, date(2026, 8, 11), date(2026, 10, 20), HISTORY_END):
        batch, made = shown.day(day), plain.make(day)
        rest = batch.take(~np.isin(batch.kind, kinds))
        assert (rest.serial.tolist(), rest.time_ms.tolist()) == (made.serial.tolist(), made.time_ms.tolist())
        assert len(set(batch.serial.tolist())) == len(batch)
        exposed = batch.take(np.isin(batch.kind, kinds))
        assert set(exposed.user.tolist()) <= set(made.user.tolist())


@pytest.mark.parametrize("seed", [7, 8, 11])
def test_the_company_knows_what_became_of_each(seed: int) -> None:
    as_of = NIGHTS[-1]
    found = experiment_truth(Company.create("small", seed), as_of, night_moment(as_of))
    verdicts = {experiment: each.verdict for experiment, each in found.items()}
    if seed == 7:
        assert verdicts == STORIES
    # By another chance a true effect may go unseen.
    assert {name for name in STORIES if verdicts[name] != STORIES[name]} <= {"dashboard-start"}
    assert all(each.both > 0 for each in found.values())


def test_published_verdicts_are_the_companys_own(undisturbed: ThreeNights) -> None:
    as_of = NIGHTS[-1]
    expected = experiment_truth(Company.create("small"), as_of, night_moment(as_of))
    published = undisturbed.house.query(
        "select verdict.experiment_id, verdict.verdict, is_post_hoc, two_variants_count, control_people, variant_people, "
        "round(control_value * control_people)::int, round(variant_value * variant_people)::int "
        "from metrics.experiments as verdict join mart.dim_experiment using (experiment_id) "
        "join metrics.experiment_effects as effect on effect.experiment_id = verdict.experiment_id and effect_id = 'primary:1'"
    )
    assert {experiment: found for experiment, *found in published} == {
        each.experiment_id: [each.verdict, False, each.both, *each.people, *each.users]
        for each in expected.values()
    }


def test_what_was_written_before_was_read_before(undisturbed: ThreeNights) -> None:
    defined = undisturbed.house.query(
        "select experiment_id, is_defined_before, is_edited_after from mart.dim_experiment where is_declared"
    )
    assert {experiment: found for experiment, *found in defined} == {key: [True, False] for key in STORIES}


def test_the_breach_decides_and_the_report_has_a_page_of_each(undisturbed: ThreeNights) -> None:
    ((decided_by,),) = undisturbed.house.query(
        "select decided_by from metrics.experiments where experiment_id = 'dashboard-start'"
    )
    assert decided_by == "guardrail:1"
    names = {path.name for path in undisturbed.house.home.rglob("reports/2026-W46/experiment-*.html")}
    assert names >= {f"experiment-{each}.html" for each in STORIES}


def test_what_another_tool_tries_is_told_without_a_verdict(undisturbed: ThreeNights) -> None:
    (trial,) = TRIALS
    found = undisturbed.house.query(
        "select experiment_name, hypothesis, started_on, is_declared, verdict.verdict from mart.dim_experiment "
        "join metrics.experiments as verdict using (experiment_id) where source = 'launchdarkly'"
    )
    assert found == [(trial.name, trial.hypothesis, trial.started_at.date(), False, "undeclared")]


def test_a_tools_own_result_says_why_it_is_another(undisturbed: ThreeNights) -> None:
    """One was not made anew in its last days, one is corrected by what people did before; of both the tool saw other people."""
    week = undisturbed.house.home / "reports" / "2026-W46"
    causes = ("Window: the tool took in 4 days less", "Correction: the tool takes out what people did before")
    for name, told in (("comment-hints", causes[0]), ("dashboard-start", causes[1])):
        page = (week / f"experiment-{name}.html").read_text()
        assert [each for each in causes if each in page] == [told]
        assert "People: the tool counts others" in page
        assert "points apart" in page


def test_what_was_learnt_stands_with_the_experiments_that_taught_it(undisturbed: ThreeNights) -> None:
    found = undisturbed.house.query("select experiment_id, relation from mart.fct_learning")
    ended = [each for each in EXPERIMENTS if each.last_day + timedelta(days=3) < NIGHTS[-1]]
    assert dict(found) == {each.id: "supports" if each.planted else "contradicts" for each in ended}
    listed = (undisturbed.house.home / "reports" / "2026-W46" / "experiments.html").read_text()
    assert all(f"{each.name}:" in listed for each in ended)
