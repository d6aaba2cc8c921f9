"""What is usual for a number: its band over the periods before, and how likely chance alone goes as far as it went.

The band is the wider of two: the limits of an XmR chart (how far the periods lie from one another) and three standard
errors of what the number is made of, where that are independent cases (people who return are none). A number within it is usual. For one outside, the probability is the larger of an
exact test of its cases and Student's t against the spread of the periods: it has to be surprising by both.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

# Loads its parts when they are asked for, which takes as long as all the rest of a report.
import scipy

from settings.units import Chance, Unit

# The periods before that make the band, with the newest one thirteen; and the fewest that make one.
EARLIER, FEWEST = 12, 4
# Shewhart's constants of a chart of single values with moving ranges of two, and of three standard errors.
_OF_MOVING_RANGE, _STANDARD_ERRORS = 2.66, 3.0
_PRIOR = 2


@dataclass(frozen=True)
class Period:
    """A period's number and what chance works on.

    `cases` of `trials`: of a rate or a count (whose trials are 1); `error`: of a score; `sample`: the values that a
    median is taken of. What is not known is None or empty.
    """

    start: date
    value: float
    cases: float | None = None
    trials: float | None = None
    error: float | None = None
    sample: tuple[float, ...] = ()


@dataclass(frozen=True)
class Usual:
    """The band of a number, and `p`: the probability of going as far by chance, 1.0 within the band.

    `middle`: of `periods` periods together, from `first` to `last` (their first days). `step`: how far a period's trend
    moves the band on.
    """

    middle: float
    low: float
    high: float
    p: float
    periods: int
    first: date
    last: date
    step: float = 0.0

    def holds(self, value: float, later: int = 0) -> bool:
        """Whether the band holds a value, of so many periods later than the one it was made for."""
        return self.low <= value - later * self.step <= self.high


def usual(unit: Unit, now: Period, before: Sequence[Period]) -> Usual | None:
    """The band of the newest `EARLIER` of the periods before, and the probability of `now`; None for fewer than `FEWEST`.

    A count follows its trend: steady growth is usual.
    """
    earlier = list(before)[-EARLIER:]
    if len(earlier) < FEWEST:
        return None
    *fitted, middle = _expected(unit, earlier)
    apart = [each.value - at for each, at in zip(earlier, fitted, strict=True)]
    below = above = _OF_MOVING_RANGE * statistics.fmean(
        abs(after - first) for first, after in pairwise(apart)
    )
    errors = [_error(unit, each, at) for each, at in zip((*earlier, now), (*fitted, middle), strict=True)]
    known = [each for each in errors if each is not None]
    pool = [value for each in earlier for value in each.sample]
    error = None
    if len(known) == len(errors):
        error = math.sqrt(known[-1] ** 2 + statistics.fmean(each**2 for each in known[:-1]) / len(earlier))
        below, above = max(below, _STANDARD_ERRORS * error), max(above, _STANDARD_ERRORS * error)
    elif now.sample and pool:
        low, high = _of_median(len(now.sample), pool)
        below, above = max(below, middle - low), max(above, high - middle)
    low, high = _within_unit(unit, middle - below, middle + above)
    p = 1.0
    if not low <= now.value <= high:
        far = now.value - middle
        tests = [_exact(unit, now, earlier, middle), _against_spread(far, apart, unit)]
        if error:
            tests = [
                tests[0],
                _against_errors(
                    far / error, [gap / own for gap, own in zip(apart, known, strict=False) if own]
                ),
            ]
        p = max((each for each in tests if each is not None), default=1.0)
    step = fitted[-1] - fitted[-2]
    return Usual(middle, low, high, p, len(earlier), earlier[0].start, earlier[-1].start, step)


def corrected(ps: Sequence[float]) -> list[float]:
    """The probabilities, corrected for how many are looked at (Benjamini and Hochberg)."""
    return [float(each) for each in scipy.stats.false_discovery_control(ps, method="bh")] if ps else []


def apart(cases: float, trials: float, other_cases: float, other_trials: float) -> float:
    """The probability that chance alone sets two shares as far apart (exact, two-sided)."""
    return _two_shares(cases, trials, other_cases, other_trials)


def _expected(unit: Unit, earlier: Sequence[Period]) -> list[float]:
    """What each of the earlier periods, and then the next one, should be when nothing happens."""
    if unit.chance is Chance.COUNT:
        place = np.arange(len(earlier))
        slope, level, _, _ = scipy.stats.theilslopes([each.value for each in earlier], place)
        return [max(0.0, float(level + slope * at)) for at in range(len(earlier) + 1)]
    trials = sum(each.trials or 0.0 for each in earlier)
    if (unit.chance in (Chance.SHARE, Chance.RATE) or earlier[0].error is not None) and trials:
        per = 100 if unit is Unit.POINTS else unit.per
        middle = per * sum(each.cases or 0.0 for each in earlier) / trials
        return [middle] * (len(earlier) + 1)
    pool = [value for each in earlier for value in each.sample]
    middle = statistics.median(pool) if pool else statistics.fmean(each.value for each in earlier)
    return [middle] * (len(earlier) + 1)


def _error(unit: Unit, period: Period, expected: float) -> float | None:
    """The standard error of a period's number by what it is made of; None where that is not known (medians)."""
    if period.error is not None:
        return period.error
    match unit.chance:
        case Chance.SHARE if period.trials:
            return math.sqrt(max(0.0, expected * (1 - expected)) / period.trials)
        case Chance.RATE if period.trials:
            return math.sqrt(expected * unit.per / period.trials)
        case Chance.COUNT if not unit.is_of_members:
            return math.sqrt(expected)
        case _:
            return None


def _of_median(n: int, pool: Sequence[float]) -> tuple[float, float]:
    """Between which of the pool's quantiles the median of `n` of its values lies, by three standard errors of ranks."""
    away = _STANDARD_ERRORS * 0.5 * (1 / n + 1 / len(pool)) ** 0.5
    low, high = np.quantile(pool, [max(0.0, 0.5 - away), min(1.0, 0.5 + away)])
    return float(low), float(high)


def _within_unit(unit: Unit, low: float, high: float) -> tuple[float, float]:
    if unit is Unit.POINTS:
        return max(-100.0, low), min(100.0, high)
    return max(0.0, low), min(1.0, high) if unit is Unit.RATIO else high


def _exact(unit: Unit, now: Period, earlier: Sequence[Period], middle: float) -> float | None:
    """Of the cases alone; None where it is not known what the number is made of."""
    if now.error is not None:
        errors = [each.error or 0.0 for each in earlier]
        scale = (now.error**2 + sum(each**2 for each in errors) / len(errors) ** 2) ** 0.5
        return float(2 * scipy.special.ndtr(-abs(now.value - middle) / scale)) if scale else None
    cases, trials = now.cases, now.trials
    earlier_cases, earlier_trials = (
        sum(getattr(each, name) or 0.0 for each in earlier) for name in ("cases", "trials")
    )
    match unit.chance:
        case Chance.SHARE if cases is not None and trials:
            return _two_shares(cases, trials, earlier_cases, earlier_trials)
        case Chance.RATE if cases is not None and trials and earlier_trials:
            return _binomial(cases, cases + earlier_cases, trials / (trials + earlier_trials))
        case Chance.COUNT if not unit.is_of_members:
            total = sum(each.value for each in earlier)
            return _binomial(now.value, now.value + total, middle / (middle + total)) if total else None
        case _ if now.sample:
            pool = [value for each in earlier for value in each.sample]
            # A test of medians: how many of each lie above the median of the earlier ones.
            return _two_shares(
                sum(1 for value in now.sample if value > middle),
                len(now.sample),
                sum(1 for value in pool if value > middle),
                len(pool),
            )
        case _:
            return None


def _two_shares(cases: float, trials: float, other_cases: float, other_trials: float) -> float:
    """Fisher's exact test, two-sided by doubling."""
    n, m = round(trials), round(other_trials)
    k, total = round(cases), round(cases) + round(other_cases)
    if not n or not m or total > n + m or k > n:
        return 1.0
    of_all = scipy.stats.hypergeom(n + m, total, n)
    return float(min(1.0, 2 * min(of_all.cdf(k), of_all.sf(k - 1))))


def _binomial(cases: float, total: float, share: float) -> float:
    """Of `total` events, so many in a part that should hold a `share` of them, two-sided by doubling."""
    k, n = round(cases), round(total)
    if not n or not 0 < share < 1:
        return 1.0
    of_all = scipy.stats.binom(n, share)
    return float(min(1.0, 2 * min(of_all.cdf(k), of_all.sf(k - 1))))


def _against_errors(score: float, earlier: Sequence[float]) -> float:
    """Student's t of a further score in standard errors, when earlier ones lay as far apart as they did.

    Periods of people differ by more than their samples. How much more is taken from the scores, with `_PRIOR` degrees of
    freedom for there being no more, since few periods do not tell; never for less.
    """
    free = _PRIOR + len(earlier) - 1
    dispersion = max(1.0, (_PRIOR + sum(each**2 for each in earlier)) / free)
    return float(2 * scipy.special.stdtr(free, -abs(score) / math.sqrt(dispersion)))


def _against_spread(distance: float, values: Sequence[float], unit: Unit) -> float | None:
    """Student's t of a further value, by how far the earlier ones lie from what was expected; None where none does."""
    # A trend takes one more degree of freedom, and a value beyond its end is less certain.
    free = len(values) - (2 if unit.chance is Chance.COUNT else 1)
    reach = (4 if unit.chance is Chance.COUNT else 1) / len(values)
    squares = sum(each**2 for each in values)
    if not squares or free < 1:
        return None
    return float(2 * scipy.special.stdtr(free, -abs(distance) / (squares / free * (1 + reach)) ** 0.5))
