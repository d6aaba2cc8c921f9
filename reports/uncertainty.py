"""How sure a number is: intervals of small samples, and whether a change is more than chance."""

import math
import statistics
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import assert_never

from settings.units import Chance, Unit

# 95 of 100: the width of every interval, and the bar for a change worth a sentence.
Z = 1.96


def wilson(share: float, n: float) -> tuple[float, float]:
    """The 95% interval of a share of `n` (Wilson): never below 0 nor above 1, honest for few."""
    if n <= 0:
        return 0.0, 1.0
    share = min(1.0, max(0.0, share))
    centre = share + Z * Z / (2 * n)
    spread = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    whole = 1 + Z * Z / n
    return max(0.0, (centre - spread) / whole), min(1.0, (centre + spread) / whole)


def events(count: float) -> tuple[float, float]:
    """The 95% interval of a number of independent events (Byar's approximation of Poisson's)."""
    low = 0.0 if count == 0 else count * (1 - 1 / (9 * count) - Z / (3 * math.sqrt(count))) ** 3
    above = count + 1
    return max(0.0, low), above * (1 - 1 / (9 * above) + Z / (3 * math.sqrt(above))) ** 3


def odds(gained: float, lost: float) -> tuple[float, float] | None:
    """The 95% interval of one number of cases over another, by Wilson's of the first's share of both; None over 0."""
    if lost <= 0:
        return None
    low, high = wilson(gained / (gained + lost), gained + lost)
    return low / (1 - low), high / (1 - high)


def interval(
    unit: Unit, row: Mapping[str, object], standard_error: float | None = None
) -> tuple[float, float] | None:
    """The 95% interval of a row of `metric_values`; None where value and n do not tell it (medians)."""
    value, n = _number(row.get("value")), _number(row.get("n"))
    if value is None or n is None:
        return None
    if standard_error is not None:
        return max(-100.0, value - Z * standard_error), min(100.0, value + Z * standard_error)
    below = _number(row.get("denominator"))
    above = _number(row.get("numerator"))
    match unit.chance:
        case Chance.SHARE:
            return wilson(value, n) if 0 <= value <= 1 else None
        case Chance.ODDS:
            return None if above is None or below is None else odds(above, below)
        case Chance.RATE:
            if above is None or not below:
                return None
            low, high = events(above)
            return unit.per * low / below, unit.per * high / below
        case Chance.COUNT | Chance.NONE:
            return None
        case _:
            assert_never(unit.chance)


def surprise(
    unit: Unit, value: float, n: float, before: float, n_before: float, history: Sequence[float]
) -> float:
    """How many standard deviations a change is from chance.

    Shares: two proportions; odds: the proportions that they are of both counts. Counts: two Poisson counts. The rest:
    against how far earlier periods lie apart.
    """
    match unit.chance:
        case Chance.SHARE:
            return _two_proportions(value, n, before, n_before)
        case Chance.ODDS:
            return _two_proportions(value / (1 + value), n, before / (1 + before), n_before)
        case Chance.COUNT:
            return abs(value - before) / math.sqrt(value + before) if value + before > 0 else 0.0
        case Chance.RATE | Chance.NONE:
            return _from_history(value, history)
        case _:
            assert_never(unit.chance)


def _two_proportions(share: float, n: float, before: float, n_before: float) -> float:
    if n <= 0 or n_before <= 0:
        return 0.0
    pooled = (share * n + before * n_before) / (n + n_before)
    if not 0 < pooled < 1:
        return 0.0
    return abs(share - before) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / n_before))


def _from_history(value: float, history: Sequence[float]) -> float:
    known = [each for each in history if not math.isnan(each)]
    if len(known) < 4:
        return 0.0
    middle = statistics.median(known)
    # 1.4826: makes the median distance comparable with a standard deviation.
    spread = 1.4826 * statistics.median(abs(each - middle) for each in known)
    return abs(value - middle) / spread if spread else 0.0


def _number(value: object) -> float | None:
    if not isinstance(value, Real) or math.isnan(value):
        return None
    return float(value)
