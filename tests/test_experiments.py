"""How experiments are read: by the numbers that others publish for the same cases, by simulation, and by a table of verdicts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy.stats import ttest_ind

from learning.effects import SRM_ALARM, Totals, effect, holm, means, sample_ratio
from learning.experiments import Bound, Experiment, Readout, Variant, read_out, verdict_of, write_experiments
from learning.verdicts import ExperimentVerdict, KpiVerdict

Floats = np.ndarray
CONFIRMED, REFUTED, INCONCLUSIVE, NOT_YET, NOT_TRUSTED, STOPPED_EARLY, UNDECLARED = ExperimentVerdict
MET, MISSED, OPEN, NONE = KpiVerdict


def totals(above: Floats, below: Floats | None = None, is_share: bool = False) -> Totals:
    """The sums of some people, as the mart has them."""
    under = np.ones_like(above) if below is None else below
    return Totals(
        len(above),
        above.sum(),
        (above**2).sum(),
        under.sum(),
        (under**2).sum(),
        (above * under).sum(),
        is_share,
    )


# GrowthBook, back-end/test/stats.test.ts of several years and stats/tests/test_gbstats.py.
@pytest.mark.parametrize(
    ("counts", "weights", "p_value"),
    [
        ([1000, 1200], [0.5, 0.5], 0.000020079),
        ([135, 115], [0.5, 0.5], 0.205903211),
        ([310, 98], [0.75, 0.25], 0.647434186),
        ([1025, 950], [0.5, 0.5], 0.091481921),
        ([1000, 900, 800], [1, 0, 0], 1),
        ([1000, 1200, 900], [0.5, 0.5, 0], 0.000020079),
        ([0, 0, 0], [0.34, 0.33, 0.33], 1),
        ([0, 10, 10], [0.34, 0.33, 0.33], 0.005790624),
        ([500, 500, 600], [0.34, 0.33, 0.33], 0.000592638),
        ([500, 500], [0.5, 0.5], 1),
        ([1, 0], [0.5, 0.5], 1),
    ],
)
def test_an_uneven_split_is_as_likely_as_growthbook_says(
    counts: list[int], weights: list[float], p_value: float
) -> None:
    found = sample_ratio(dict(zip("abc", counts, strict=False)), dict(zip("abc", weights, strict=False)))
    assert found == pytest.approx(p_value, abs=5e-10)


def test_a_split_without_known_weights_cannot_be_judged() -> None:
    assert sample_ratio({"a": 10, "b": 900}, {"a": 0.5, "b": None}) is None


def test_of_a_thousand_honest_splits_hardly_any_alarms() -> None:
    rng = np.random.default_rng(20261116)
    alarms = sum(
        (sample_ratio({"a": n, "b": 4000 - n}, {"a": 50, "b": 50}) or 0) < SRM_ALARM
        for n in rng.binomial(4000, 0.5, 1000).tolist()
    )
    assert alarms <= 4


def test_a_difference_is_what_growthbook_publishes() -> None:
    # stats/tests/frequentist/test_tests.py: absolute and relative.
    found = effect(means(3407, 0.41, 3.9), means(3461, 0.7, 6.2))
    assert found is not None
    assert (found.difference, found.low, found.high, found.p_value) == pytest.approx(
        (0.29, 0.04538, 0.53462, 0.02016), abs=5e-6
    )
    assert (found.change, found.change_low, found.change_high) == pytest.approx(
        (0.70732, -0.03526, 1.44989), abs=5e-6
    )


def test_a_difference_of_means_is_scipys_welch() -> None:
    rng = np.random.default_rng(5)
    one, other = rng.gamma(0.7, 3, 60), rng.gamma(0.9, 4, 90)
    theirs = ttest_ind(other, one, equal_var=False)
    found = effect(totals(one), totals(other))
    assert found is not None
    assert found.p_value == pytest.approx(theirs.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(theirs.confidence_interval()))


def test_a_ratio_of_one_each_is_a_mean_and_a_share_is_its_binomial() -> None:
    people = np.random.default_rng(3).poisson(2, 50).astype(float)
    assert totals(people).variance == pytest.approx(people.var(ddof=1) / 50)
    share = totals((people > 2).astype(float), is_share=True)
    assert share.value is not None
    assert share.variance == pytest.approx(share.value * (1 - share.value) / 50)


@pytest.mark.parametrize(
    ("control", "variant"),
    [
        (np.array([1.0]), np.array([1.0, 0.0])),
        (np.array([]), np.array([])),
        (np.zeros(9), np.zeros(8)),
        (np.full(5, 2.0), np.full(5, 3.0)),
    ],
)
def test_nothing_is_said_of_too_few_people_or_of_people_who_are_all_alike(
    control: Floats, variant: Floats
) -> None:
    assert effect(totals(control), totals(variant)) is None


def test_no_change_is_told_from_nothing() -> None:
    found = effect(totals(np.zeros(50)), totals(np.tile([0.0, 1.0], 25)))
    assert found is not None
    assert (found.difference, found.change, found.change_low, found.detectable) == (0.5, None, None, None)


def _share(rng: np.random.Generator, people: int, mean: float) -> Totals:
    return totals((rng.random(people) < mean).astype(float), is_share=True)


def _count(rng: np.random.Generator, people: int, mean: float) -> Totals:
    # Counts of people: most few, some many.
    return totals(rng.poisson(rng.gamma(0.8, mean / 0.8, people)).astype(float))


def _ratio(rng: np.random.Generator, people: int, mean: float) -> Totals:
    days = rng.poisson(4, people).astype(float)
    return totals(rng.poisson(mean * days * rng.gamma(4, 0.25, people)).astype(float), days)


@pytest.mark.parametrize(
    ("draw", "people", "control", "variant"),
    [
        (_share, 70, 0.3, 0.45),
        (_share, 1000, 0.05, 0.06),
        (_count, 200, 2.0, 2.0),
        (_count, 1500, 1.0, 1.2),
        (_ratio, 150, 3.0, 3.3),
        (_ratio, 1000, 2.0, 2.0),
    ],
)
def test_intervals_hold_the_truth_19_times_of_20(
    draw: Callable[[np.random.Generator, int, float], Totals], people: int, control: float, variant: float
) -> None:
    rng = np.random.default_rng(people)
    rounds, of_difference, of_change = 2000, 0, 0
    for _ in range(rounds):
        found = effect(draw(rng, people, control), draw(rng, people, variant))
        assert found is not None
        assert found.change_low is not None
        assert found.change_high is not None
        of_difference += found.low <= variant - control <= found.high
        of_change += found.change_low <= variant / control - 1 <= found.change_high
    assert 0.93 <= of_difference / rounds <= 0.97
    assert 0.93 <= of_change / rounds <= 0.97


def test_an_effect_of_the_size_that_is_called_detectable_is_seen_8_times_of_10() -> None:
    rng = np.random.default_rng(11)
    first = effect(_share(rng, 4000, 0.3), _share(rng, 4000, 0.3))
    assert first is not None
    assert first.detectable is not None
    seen = 0
    for _ in range(1000):
        found = effect(_share(rng, 4000, 0.3), _share(rng, 4000, 0.3 * (1 + first.detectable)))
        seen += found is not None and found.low > 0
    assert 0.75 < seen / 1000 < 0.86


def test_p_values_are_raised_for_the_others() -> None:
    # Wright's example of adjusted p values (1992), by Holm.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


E = Experiment("e", True, True, False, False, 200, 150, date(2026, 9, 7), date(2026, 10, 4))
PRIMARY = Bound("primary:1", "primary", "adoption", None, 0.1, None)
GUARDRAIL = Bound("guardrail:1", "guardrail", "tickets", None, None, 0.2)
AFTER = date(2026, 10, 5)


def read(primary: KpiVerdict, guardrail: KpiVerdict | None = None, variant: str = "1") -> list[Readout]:
    none = Totals(0, 0, 0, 0, 0, 0)
    bounds = [(PRIMARY, primary), *([] if guardrail is None else [(GUARDRAIL, guardrail)])]
    return [Readout(bound, variant, none, none, None, verdict, None) for bound, verdict in bounds]


@pytest.mark.parametrize(
    ("experiment", "readouts", "srm", "as_of", "verdict", "decided_by"),
    [
        (E, read(MET), 0.4, AFTER, CONFIRMED, "primary:1"),
        (E, read(MET, OPEN), 0.4, AFTER, CONFIRMED, "primary:1"),
        (E, read(MET, NONE), 0.4, AFTER, CONFIRMED, "primary:1"),
        (E, read(MET, MISSED), 0.4, AFTER, REFUTED, "guardrail:1"),
        (E, read(MISSED), 0.4, AFTER, REFUTED, "primary:1"),
        (E, read(OPEN), 0.4, AFTER, INCONCLUSIVE, "primary:1"),
        (E, read(NONE), 0.4, AFTER, INCONCLUSIVE, "primary:1"),
        (E, read(MET), 0.4, date(2026, 10, 4), NOT_YET, None),
        (E, read(MET, MISSED), 0.4, date(2026, 10, 4), NOT_YET, None),
        (E, read(MET), 0.0009, AFTER, NOT_TRUSTED, None),
        (E, read(MET), 0.0009, date(2026, 9, 20), NOT_TRUSTED, None),
        (E, read(MET), None, AFTER, CONFIRMED, "primary:1"),
        (replace(E, is_stopped_early=True), read(MET), 0.4, AFTER, STOPPED_EARLY, None),
        (replace(E, is_stopped_early=True), read(MET), 0.0009, AFTER, NOT_TRUSTED, None),
        (replace(E, is_declared=False), [], 0.4, AFTER, UNDECLARED, None),
        (replace(E, is_declared=False), [], 0.0009, AFTER, NOT_TRUSTED, None),
        (E, [*read(MISSED), *read(MET, variant="2")], 0.4, AFTER, CONFIRMED, "primary:1"),
        (E, [*read(MISSED), *read(MISSED, variant="2")], 0.4, AFTER, REFUTED, "primary:1"),
        (E, [*read(MISSED), *read(OPEN, variant="2")], 0.4, AFTER, INCONCLUSIVE, "primary:1"),
        (E, [], 0.4, AFTER, INCONCLUSIVE, "primary:1"),
    ],
)
def test_an_experiment_is_judged_at_its_end_by_people_who_were_split_as_planned(
    experiment: Experiment,
    readouts: list[Readout],
    srm: float | None,
    as_of: date,
    verdict: ExperimentVerdict,
    decided_by: str | None,
) -> None:
    assert verdict_of(experiment, readouts, srm, as_of)[:2] == (verdict, decided_by)


def test_of_several_variants_the_one_that_was_confirmed_is_named() -> None:
    assert verdict_of(E, [*read(OPEN), *read(MET, variant="2")], 0.4, AFTER)[2] == "2"


def test_intervals_are_wider_with_more_variants_and_further_effects_are_raised() -> None:
    rng = np.random.default_rng(2)
    further = [Bound(f"further:{n}", "further", "uses", None, 0.0, None) for n in (1, 2)]
    people = {
        (bound.effect_id, variant): _count(rng, 300, mean)
        for bound in (PRIMARY, *further)
        for variant, mean in (("0", 1.0), ("1", 1.5), ("2", 1.0))
    }
    variants = [Variant("0", 1, True, 300), Variant("1", 1, False, 300), Variant("2", 1, False, 300)]
    two = read_out(variants[:2], [PRIMARY, *further], people)
    three = read_out(variants, [PRIMARY, *further], people)
    alone, beside = two[0].effect, three[0].effect
    assert alone is not None
    assert beside is not None
    assert beside.low < alone.low
    assert beside.high > alone.high
    assert beside.p_value == alone.p_value
    assert [each.adjusted_p is None for each in two] == [True, False, False]
    for each in two[1:]:
        assert each.effect is not None
        assert each.adjusted_p is not None
        assert each.adjusted_p >= each.effect.p_value
    assert read_out([replace(each, is_control=False) for each in variants], [PRIMARY], people) == []


def test_a_night_writes_both_tables_and_the_same_each_time(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema metrics")
        connection.execute(
            "create table marts.dim_experiment as select 'hints' as experiment_id, true as is_declared, true as is_defined_before, "
            "false as is_edited_after, false as is_stopped_early, 400 as planned_sample, 200 as exposed_count, "
            "date '2026-10-20' as started_on, date '2026-11-29' as planned_end_on "
            "union all select 'growthbook:7', false, false, false, false, null, 0, null, null "
            "union all select 'over', true, true, false, false, 90, 100, date '2026-10-01', date '2026-10-31' "
            "union all select 'uneven', true, true, false, false, 90, 100, date '2026-11-02', date '2026-11-29'"
        )
        connection.execute(
            "create table marts.fct_experiment_variant as select * from (values ('hints', '0', 0.5::double, true, 100), "
            "('hints', '1', 0.5, false, 100), ('over', '0', 0.5, true, 80), ('over', '1', 0.5, false, 20), "
            "('uneven', '0', 0.5, true, 80), ('uneven', '1', 0.5, false, 20)) as v(experiment_id, variant_key, weight, is_control, exposed_count)"
        )
        connection.execute(
            "create table marts.fct_experiment_effect as select * from (values "
            "('hints', 'primary:1', 'primary', 'adoption', 'comments', 0.1::double, null::double, '0', 100, 20::double, 20::double, 100::double, 100::double, 20::double), "
            "('hints', 'primary:1', 'primary', 'adoption', 'comments', 0.1, null, '1', 100, 60, 60, 100, 100, 60)) "
            "as e(experiment_id, effect_id, effect_role, measure, feature_id, change_at_least, change_at_most, variant_key, "
            "person_count, above_sum, above_squares, below_sum, below_squares, products_sum)"
        )
    runs = [write_experiments(path, date(2026, 11, 16)) for _ in range(2)]
    assert runs[0] == runs[1]
    # Nobody can mend the split of what is over.
    assert runs[0].not_trusted == ("uneven",)
    with duckdb.connect(str(path)) as connection:
        (effects,) = connection.execute(
            "select control_value, variant_value, change, verdict, reason from metrics.experiment_effects"
        ).fetchall()
        assert effects == (0.2, 0.6, pytest.approx(2.0), "met", None)
        found = connection.execute(
            "select experiment_id, verdict, srm_p_value, sample_share, days_left, is_post_hoc "
            "from metrics.experiments order by experiment_id"
        ).fetchall()
    assert found == [
        ("growthbook:7", "undeclared", 1.0, None, None, False),
        ("hints", "not_yet", 1.0, 0.5, 14, False),
        ("over", "not_trusted", pytest.approx(0, abs=1e-8), pytest.approx(100 / 90), None, False),
        ("uneven", "not_trusted", pytest.approx(0, abs=1e-8), pytest.approx(100 / 90), 14, False),
    ]
