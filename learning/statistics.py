"""Intervals that need more than a value and its n: of a change between two spans of days.

The block is the account: its people and days hang together, and so do its two spans.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# With fewer accounts the interval is too narrow (the coverage in the tests begins here).
FEWEST_ACCOUNTS = 100
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


def _change(totals: Floats, is_share: bool) -> Floats:
    """`totals`: what was counted before, below it, after, below it; perhaps of many resamples."""
    above_before, below_before, above_after, below_after = totals
    with np.errstate(divide="ignore", invalid="ignore"):
        change: Floats = above_after / above_before * (below_before / below_after if is_share else 1.0) - 1
    return change
