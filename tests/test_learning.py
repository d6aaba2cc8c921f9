"""The rules by which launches are judged, case by case, and how often each interval holds what it promises."""

from datetime import date

import numpy as np
import pytest
from scipy.stats import binom, poisson

from learning import uncertainty
from learning.statistics import (
    FEWEST_ACCOUNTS,
    FEWEST_COMPARED,
    Floats,
    Sums,
    change_over,
    difference_in_differences,
)
from learning.verdicts import KpiVerdict, LaunchVerdict, is_post_hoc, kill_fast, kpi_verdict, launch_verdict

MET, MISSED, OPEN, NONE = KpiVerdict
CONFIRMED, REFUTED, INCONCLUSIVE, _, _ = LaunchVerdict


@pytest.mark.parametrize(
    ("at_least", "at_most", "interval", "verdict"),
    [
        (0.2, None, (0.25, 0.35), MET),
        (0.2, None, (0.2, 0.35), MET),
        (0.2, None, (0.1, 0.199), MISSED),
        (0.2, None, (0.1, 0.2), OPEN),
        (0.2, None, (0.1, 0.3), OPEN),
        (0.2, None, None, NONE),
        (None, 0.1, (0.02, 0.08), MET),
        (None, 0.1, (0.02, 0.1), MET),
        (None, 0.1, (0.101, 0.3), MISSED),
        (None, 0.1, (0.05, 0.3), OPEN),
        (None, -0.1, (-0.3, -0.2), MET),
        (None, 0.1, None, NONE),
        (0.0, None, (-0.1, 0.1), OPEN),
    ],
)
def test_a_metric_is_judged_by_its_whole_interval(
    at_least: float | None, at_most: float | None, interval: tuple[float, float] | None, verdict: KpiVerdict
) -> None:
    assert kpi_verdict(at_least, at_most, interval) is verdict


@pytest.mark.parametrize("bounds", [(None, None), (0.1, 0.2)])
def test_a_verdict_needs_one_bound(bounds: tuple[float | None, float | None]) -> None:
    with pytest.raises(ValueError, match="one bound"):
        kpi_verdict(*bounds, (0.0, 1.0))


@pytest.mark.parametrize(
    ("primary", "guardrails", "verdict"),
    [
        (MET, [], CONFIRMED),
        (MET, [MET], CONFIRMED),
        (MET, [OPEN], CONFIRMED),
        (MET, [NONE], CONFIRMED),
        (MET, [MET, MISSED], REFUTED),
        (MISSED, [], REFUTED),
        (MISSED, [MET], REFUTED),
        (OPEN, [], INCONCLUSIVE),
        (OPEN, [MET], INCONCLUSIVE),
        (OPEN, [MISSED], REFUTED),
        (NONE, [], INCONCLUSIVE),
        (NONE, [MISSED], REFUTED),
    ],
)
def test_a_launch_is_judged_by_its_primary_metric_unless_a_guardrail_is_breached(
    primary: KpiVerdict, guardrails: list[KpiVerdict], verdict: LaunchVerdict
) -> None:
    assert launch_verdict(primary, guardrails) is verdict


@pytest.mark.parametrize(
    ("is_defined_before", "is_edited_after", "expected"),
    [(True, False, False), (True, True, True), (False, False, True), (False, True, True)],
)
def test_what_was_written_or_changed_afterwards_is_post_hoc(
    is_defined_before: bool, is_edited_after: bool, expected: bool
) -> None:
    assert is_post_hoc(is_defined_before, is_edited_after) is expected


def test_how_fast_refuted_launches_are_taken_back() -> None:
    refuted = [
        (date(2026, 9, 1), date(2026, 9, 10)),
        # Off before anybody had judged it.
        (date(2026, 9, 1), date(2026, 8, 20)),
        (date(2026, 9, 1), None),
        # Is to be off, but is not yet.
        (date(2026, 9, 1), date(2026, 12, 1)),
        # Of this one nobody asks yet.
        (date(2026, 11, 1), date(2026, 11, 4)),
    ]
    found = kill_fast(refuted, date(2026, 11, 16))
    assert (found.refuted, found.taken_back, found.days_median) == (4, 2, 3)
    nothing = kill_fast([], date(2026, 11, 16))
    assert (nothing.refuted, nothing.taken_back, nothing.days_median) == (0, 0, None)


@pytest.mark.parametrize(("n", "share"), [(40, 0.3), (60, 0.15), (150, 0.08), (150, 0.35), (1000, 0.2)])
def test_the_interval_of_a_share_covers_it(n: int, share: float) -> None:
    """Exactly: over every number of cases, as likely as it is."""
    covered = sum(
        binom.pmf(cases, n, share)
        for cases in range(n + 1)
        if (found := uncertainty.wilson(cases / n, n))[0] <= share <= found[1]
    )
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("mean", [12.3, 40, 150])
def test_the_interval_of_a_count_covers_it(mean: float) -> None:
    covered = sum(
        poisson.pmf(cases, mean)
        for cases in range(int(mean * 3) + 10)
        if (found := uncertainty.events(cases))[0] <= mean <= found[1]
    )
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize(("accounts", "simulations"), [(120, 500), (250, 300)])
@pytest.mark.parametrize("is_share", [True, False])
@pytest.mark.parametrize("change", [0.0, 0.5])
def test_the_interval_of_a_change_covers_it(
    accounts: int, simulations: int, is_share: bool, change: float
) -> None:
    """Accounts of very different sizes, each with a habit of its own that both spans share."""
    rng = np.random.default_rng(accounts)
    covered = 0
    for number in range(simulations):
        people = rng.gamma(1.5, 10, accounts) + 1
        habit = 0.3 * rng.gamma(4, 0.25, accounts)
        before, after = (rng.poisson(people) for _ in range(2))
        counted = [rng.poisson(before * habit), rng.poisson(after * habit * (1 + change))]
        first, second = (
            Sums(above.astype(float), below.astype(float) if is_share else None)
            for above, below in zip(counted, (before, after), strict=True)
        )
        found = change_over(first, second, seed=number, resamples=400)
        assert found is not None
        covered += found.low <= change <= found.high
    assert 0.93 <= covered / simulations <= 0.97


def test_a_change_is_that_of_the_sums_and_the_same_each_time() -> None:
    cases: Floats = np.arange(FEWEST_ACCOUNTS, dtype=np.float64) + 1
    people: Floats = np.full(FEWEST_ACCOUNTS, 10.0)
    before, after = Sums(cases, people), Sums(cases * 3, people * 2)
    found = change_over(before, after, seed=1)
    assert found is not None
    assert found.change == pytest.approx(0.5)
    assert found == change_over(before, after, seed=1)
    assert found.accounts == FEWEST_ACCOUNTS


def test_nothing_is_said_of_few_accounts_or_of_a_change_from_nothing() -> None:
    few = Sums(np.ones(FEWEST_ACCOUNTS - 1))
    assert change_over(few, few, seed=1) is None
    # Accounts in which nothing ever was are none.
    padded = Sums(np.append(np.ones(FEWEST_ACCOUNTS - 1), np.zeros(100)))
    assert change_over(padded, padded, seed=1) is None
    enough = Sums(np.ones(FEWEST_ACCOUNTS))
    assert change_over(Sums(np.zeros(FEWEST_ACCOUNTS)), enough, seed=1) is None


def test_a_difference_in_differences_is_that_of_card_and_krueger() -> None:
    """Employment a restaurant in New Jersey and Pennsylvania before and after the minimum wage (AER 84, 1994, table 3): 2.76."""
    stores: Floats = np.ones(FEWEST_COMPARED, dtype=np.float64)
    new_jersey = Sums(20.44 * stores), Sums(21.03 * stores)
    pennsylvania = Sums(23.33 * stores), Sums(21.17 * stores)
    found = difference_in_differences(new_jersey, pennsylvania, seed=1)
    assert found is not None
    assert found.change * 20.44 == pytest.approx(2.76, abs=0.011)


def test_of_shares_the_difference_is_that_of_the_shares() -> None:
    """0.2 to 0.35 beside 0.4 to 0.45: 0.15 less 0.05, over 0.2."""
    people: Floats = np.full(FEWEST_COMPARED, 20.0)
    seeing = Sums(people * 0.2, people), Sums(people * 0.35 * 2, people * 2)
    others = Sums(people * 0.4, people), Sums(people * 0.45, people)
    found = difference_in_differences(seeing, others, seed=1)
    assert found is not None
    assert found.change == pytest.approx(0.5, rel=1e-5)
    assert found == difference_in_differences(seeing, others, seed=1)


def test_no_difference_is_told_of_few_accounts_or_from_nothing() -> None:
    enough, few = Sums(np.ones(FEWEST_COMPARED)), Sums(np.ones(FEWEST_COMPARED - 1))
    assert difference_in_differences((enough, enough), (few, few), seed=1) is None
    assert difference_in_differences((few, few), (enough, enough), seed=1) is None
    nothing = Sums(np.zeros(FEWEST_COMPARED))
    assert difference_in_differences((nothing, enough), (enough, enough), seed=1) is None


@pytest.mark.parametrize(("seeing", "others", "simulations"), [(230, 230, 600), (400, 230, 600)])
@pytest.mark.parametrize("is_share", [True, False])
@pytest.mark.parametrize("effect", [0.0, 0.4])
def test_the_interval_of_a_difference_in_differences_covers_it(
    seeing: int, others: int, simulations: int, is_share: bool, effect: float
) -> None:
    """A season lifts both groups by a fifth, and the launch those who could see it by more: accounts of very different sizes."""
    rng = np.random.default_rng(seeing)
    season, covered = 0.2, 0
    for number in range(simulations):
        groups = []
        for accounts, lift in ((seeing, effect), (others, 0.0)):
            people = rng.gamma(1.5, 10, accounts) + 1
            habit = 0.3 * rng.gamma(4, 0.25, accounts)
            there = [rng.poisson(people) for _ in range(2)]
            rates = (habit, habit * (1 + season) * (1 + lift))
            groups.append(
                tuple(
                    Sums(rng.poisson(each * rate).astype(float), each.astype(float) if is_share else None)
                    for each, rate in zip(there, rates, strict=True)
                )
            )
        found = difference_in_differences(
            (groups[0][0], groups[0][1]), (groups[1][0], groups[1][1]), number, 400
        )
        assert found is not None
        covered += found.low <= effect * (1 + season) <= found.high
    assert 0.93 <= covered / simulations <= 0.97
