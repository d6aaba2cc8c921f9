"""How sure a number is: intervals of small samples."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import assert_never

from settings.units import Chance, Unit

# 95 of 100: the width of every interval.
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


def _number(value: object) -> float | None:
    if not isinstance(value, Real) or math.isnan(value):
        return None
    return float(value)
