"""Intervals that need more than a value and its n: of a change between two spans of days.

The block is the account: its people and days hang together, and so do its two spans.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# With fewer accounts the interval is too narrow (the coverage in the tests begins here).
FEWEST_ACCOUNTS = 100
# Of either of two groups, of which a difference of differences is told.
FEWEST_COMPARED = 200
# Bounds the memory of a resampling: accounts times resamples at a time.
_CELLS = 4_000_000


@dataclass(frozen=True)
class Change:
    """A change over a baseline, less 1: 0.1 is a tenth more. `low`, `high`: its 95 % interval."""

    change: float
    low: float
    high: float
    accounts: int


@dataclass(frozen=True)
class Sums:
    """What was counted in a span, an element an account, in the same order for both spans; without `below` a count."""

    above: Floats
    below: Floats | None = None

    def at(self, places: npt.NDArray[np.int_]) -> "Sums":
        """Of the accounts at some places; -1: one in which nothing was counted."""

        def picked(counted: Floats) -> Floats:
            return np.append(counted, 0.0)[places]

        return Sums(picked(self.above), None if self.below is None else picked(self.below))

    def matrix(self) -> Floats:
        below = np.zeros_like(self.above) if self.below is None else self.below
        return np.column_stack([self.above, below])


def change_over(before: Sums, after: Sums, seed: int, resamples: int = 2000) -> Change | None:
    """How a count, or a share of sums, of the span after differs from that of as many days before, as a part of it.

    95 % interval by a bootstrap of accounts, each resample weighing them anew (Rubin's, whose weights are exponential: with
    whole numbers of draws it takes ten times as long). The same seed gives the same one. None with fewer than `FEWEST_ACCOUNTS` accounts
    in which something was counted, or where nothing was counted before.
    """
    is_share = before.below is not None
    sums = np.column_stack([before.matrix(), after.matrix()])
    sums = sums[(sums != 0).any(axis=1)].astype(np.float32)
    accounts = len(sums)
    if accounts < FEWEST_ACCOUNTS:
        return None
    found = _change(sums.sum(axis=0), is_share)
    if not np.isfinite(found):
        return None
    rng = np.random.default_rng(seed)
    changes = []
    step = max(1, _CELLS // accounts)
    for done in range(0, resamples, step):
        weights = rng.standard_exponential((min(step, resamples - done), accounts), dtype=np.float32)
        changes.append(_change((weights @ sums).T, is_share))
    low, high = np.nanquantile(np.concatenate(changes), [0.025, 0.975])
    return Change(float(found), float(low), float(high), accounts)


def whole_change(before: Sums, after: Sums) -> float | None:
    """The change of the sums of all accounts, less 1; None where nothing was counted before."""
    found = _change(np.column_stack([before.matrix(), after.matrix()]).sum(axis=0), before.below is not None)
    return float(found) if np.isfinite(found) else None


def difference_in_differences(
    seeing: tuple[Sums, Sums], others: tuple[Sums, Sums], seed: int, resamples: int = 2000
) -> Change | None:
    """How much more the accounts that could see something changed than those that could not, as a part of what they had before.

    Each a span before and one after of the same accounts. Shares of sums are compared, of counts means per account, those in which
    nothing was counted included. What moved both (a season, a holiday, a bug) is no effect. 95 % interval by a bootstrap of
    accounts, of either group by itself, as for `change_over`; None with fewer than `FEWEST_COMPARED` accounts in either group, or where
    nothing was counted before.
    """
    is_share = seeing[0].below is not None
    groups: list[Floats] = [np.column_stack([each.matrix() for each in spans]) for spans in (seeing, others)]
    if is_share:
        groups = [sums[(sums != 0).any(axis=1)] for sums in groups]
    if min(map(len, groups)) < FEWEST_COMPARED:
        return None
    found = _difference([sums.sum(axis=0) for sums in groups], [len(sums) for sums in groups], is_share)
    if not np.isfinite(found):
        return None
    rng = np.random.default_rng(seed)
    differences = []
    step = max(1, _CELLS // max(map(len, groups)))
    for done in range(0, resamples, step):
        size = min(step, resamples - done)
        weights = [rng.standard_exponential((size, len(sums)), dtype=np.float32) for sums in groups]
        totals = [(each @ sums).T for each, sums in zip(weights, groups, strict=True)]
        differences.append(_difference(totals, [each.sum(axis=1) for each in weights], is_share))
    low, high = np.nanquantile(np.concatenate(differences), [0.025, 0.975])
    return Change(float(found), float(low), float(high), sum(map(len, groups)))


def _difference(totals: Sequence[Floats], accounts: Sequence[Floats | int], is_share: bool) -> Floats:
    """`totals`: of those who could see it and of the others, as for `_change`; `accounts`: how many there are, as weighed."""
    moved = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for (above_before, below_before, above_after, below_after), each in zip(
            totals, accounts, strict=True
        ):
            before = above_before / (below_before if is_share else each)
            after = above_after / (below_after if is_share else each)
            moved.append((before, after - before))
        difference: Floats = (moved[0][1] - moved[1][1]) / moved[0][0]
    return difference


def _change(totals: Floats, is_share: bool) -> Floats:
    """`totals`: what was counted before, below it, after, below it; perhaps of many resamples."""
    above_before, below_before, above_after, below_after = totals
    with np.errstate(divide="ignore", invalid="ignore"):
        change: Floats = above_after / above_before * (below_before / below_after if is_share else 1.0) - 1
    return change
