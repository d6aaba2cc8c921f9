"""How variants of an experiment differ, from sums over their people, and whether people were split as planned.

The person is the unit: each counts once, whoever did nothing with 0. Intervals are Welch's, of the difference; of the change
relative to the control, and of ratios, by the delta method.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Loads its parts when they are asked for, which reports never do.
import scipy

ALPHA = 0.05
# A split as uneven as that by chance once in a thousand experiments: whoever looks daily at many must not cry wolf.
SRM_ALARM = 0.001
# With fewer people expected in a variant chi-square's approximation does not hold.
_FEWEST_EXPECTED = 5
# How surely an effect that there is should be seen, where it is asked how small one could have been seen.
POWER = 0.8


@dataclass(frozen=True)
class Totals:
    """What the people of a variant did (`above`) over what it is divided by (`below`: 1 a person, or their days with use).

    `squares` and `products` are summed over people too. `is_share`: each person did it or not.
    """

    people: int
    above: float
    above_squares: float
    below: float
    below_squares: float
    products: float
    is_share: bool = False

    @property
    def value(self) -> float | None:
        """Mean or ratio; None over nothing."""
        return self.above / self.below if self.below else None

    @property
    def variance(self) -> float | None:
        """Of the value, as an estimate; None with fewer than two people."""
        value = self.value
        if value is None or self.people < 2:
            return None
        if self.is_share:
            return value * (1 - value) / self.people
        n, mean_below = self.people, self.below / self.people
        mean_above = self.above / n
        spread = (
            (self.above_squares - n * mean_above**2)
            - 2 * value * (self.products - n * mean_above * mean_below)
            + value**2 * (self.below_squares - n * mean_below**2)
        ) / (n - 1)
        return max(0.0, spread) / (n * mean_below**2)


def means(people: int, mean: float, deviation: float) -> Totals:
    """The totals of people with a mean and a standard deviation (of the sample)."""
    squares = deviation**2 * (people - 1) + people * mean**2
    return Totals(people, people * mean, squares, people, people, people * mean)


@dataclass(frozen=True)
class Effect:
    """A variant against the control. `change`: relative, 0.1 being a tenth more; intervals are of 95 % where alpha is.

    `detectable`: the smallest relative change that so many people would show, 8 times of 10. None: cannot be told.
    """

    difference: float
    low: float
    high: float
    p_value: float
    change: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    detectable: float | None = None


def effect(control: Totals, variant: Totals, alpha: float = ALPHA) -> Effect | None:
    """None where one of the two has too few people, or all of them did the same. Nobody does less than nothing."""
    a, b = control.value, variant.value
    of_a, of_b = control.variance, variant.variance
    if a is None or b is None or of_a is None or of_b is None or of_a + of_b <= 0:
        return None
    freedom = (of_a + of_b) ** 2 / (of_a**2 / (control.people - 1) + of_b**2 / (variant.people - 1))
    wide = float(scipy.stats.t.ppf(1 - alpha / 2, freedom))
    deviation = math.sqrt(of_a + of_b)
    difference = b - a
    p_value = 2 * float(scipy.stats.t.sf(abs(difference) / deviation, freedom))
    found = Effect(difference, difference - wide * deviation, difference + wide * deviation, p_value)
    if a <= 0:
        return found
    change = difference / a
    relative = math.sqrt(of_b / a**2 + b**2 * of_a / a**4)
    without_effect = math.sqrt((of_a + of_b) / a**2)
    return Effect(
        found.difference, found.low, found.high, p_value, change, max(-1.0, change - wide * relative), change + wide * relative,
        (wide + float(scipy.stats.norm.ppf(POWER))) * without_effect,
    )  # fmt: skip


def sample_ratio(counts: Mapping[str, int], weights: Mapping[str, float | None]) -> float | None:
    """The chance of a split as uneven as this one, if people were split by the weights (chi-square).

    1.0 where there are too few people or variants to tell; None where a weight is not known. Variants of weight 0 do not count.
    """
    if any(weight is None for weight in weights.values()):
        return None
    shares = {name: weight for name, weight in weights.items() if weight}
    people = sum(counts.get(name, 0) for name in shares)
    expected = [people * weight / sum(shares.values()) for weight in shares.values()]
    if len(shares) < 2 or min(expected) < _FEWEST_EXPECTED:
        return 1.0
    return float(scipy.stats.chisquare([counts.get(name, 0) for name in shares], expected).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values, each raised for the others beside it, in their order."""
    raised = [0.0] * len(p_values)
    least = 0.0
    for place, number in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        least = max(least, min(1.0, (len(p_values) - place) * p_values[number]))
        raised[number] = least
    return raised
