"""How sure a number is: intervals of small samples, and whether a change is more than chance."""

import math
import statistics
from collections.abc import Mapping, Sequence
from numbers import Real

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


def interval(
    unit: str, row: Mapping[str, object], standard_error: float | None = None
) -> tuple[float, float] | None:
    """The 95% interval of a row of `metric_values`; None where value and n do not tell it (medians)."""
    value, n = _number(row.get("value")), _number(row.get("n"))
    if value is None or n is None:
        return None
    if standard_error is not None:
        return max(-100.0, value - Z * standard_error), min(100.0, value + Z * standard_error)
    if unit == "ratio" and 0 <= value <= 1:
        return wilson(value, n)
    below = _number(row.get("denominator"))
    above = _number(row.get("numerator"))
    if unit == "tickets_per_1000_users" and below and above is not None:
        low, high = events(above)
        return 1000 * low / below, 1000 * high / below
    return None


def surprise(
    unit: str, value: float, n: float, before: float, n_before: float, history: Sequence[float]
) -> float:
    """How many standard deviations a change is from chance.

    Shares: two proportions. Counts: two Poisson counts. The rest: against how far earlier periods lie apart.
    """
    if unit == "ratio" and n > 0 and n_before > 0 and 0 <= value <= 1:
        pooled = (value * n + before * n_before) / (n + n_before)
        spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / n_before))
        return abs(value - before) / spread if spread else 0.0
    if unit in ("users", "accounts", "count"):
        return abs(value - before) / math.sqrt(value + before) if value + before > 0 else 0.0
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
