"""Weak signals: numbers that lie far from what is usual for them, by their own season, in all that is published.

Expected is the median of the same weekday (of a week: of the week) in the eight weeks before, and by how much numbers lay above or
below it until then, which is their trend; the spread is the median absolute deviation (MAD) of what then lay between. A signal is more than 3.5 spreads away, large enough to
matter, and no chance finding among all series of its period (Benjamini and Hochberg).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from metrics.definitions import MetricDefinition
from metrics.dimensions import DIMENSIONS
from settings.units import Chance, Unit

Floats = npt.NDArray[np.float64]

# Iglewicz and Hoaglin's bound of the modified z score, and their constant for the MAD of normal numbers; the second is for
# the mean absolute deviation where the MAD is 0.
Z_BOUND = 3.5
_OF_MAD, _OF_MEAN_DEVIATION = 0.6745, 1.2533
FALSE_DISCOVERIES = 0.05
_WEEKS = 8
# Steps of the season, residuals that make the spread, and the fewest; periods that are judged anew each night. By grain.
_SEASON = {"day": 7, "week": 1}
_SPREAD = {"day": 56, "week": 26}
_JUDGED = {"day": 28, "week": 8}
_FEWEST = 12
# What is smaller, or moves by less, is not worth a word.
_LEAST_COUNT, _LEAST_PART, _LEAST_SHARE, _LEAST_POINTS = 10, 0.05, 0.01, 1.0


@dataclass(frozen=True)
class Judged:
    """Numbers of some series (rows) in some periods (columns). NaN: it cannot be judged."""

    expected: Floats
    z: Floats
    p: Floats


def judge(
    values: Floats, season: int, spread: int, last: int, is_count: bool, cases: Floats | None = None
) -> Judged:
    """The last periods of series, a row a series, against what is usual at their place in the season.

    A period without a number is not judged, nor one whose expectation lacks one: missing data is no drop. `is_count`: spread
    grows with the root of what is expected. `cases`: of independent cases how many a number is a share of, or is (of a count):
    the spread is at least what chance makes of them.
    """
    periods = values.shape[1]
    expected = np.full_like(values, np.nan)
    first = _WEEKS * season
    if periods > first:
        lags = [values[:, first - k * season : periods - k * season] for k in range(1, _WEEKS + 1)]
        expected[:, first:] = np.median(np.stack(lags), axis=0)
    unit = np.sqrt(np.maximum(expected, 1.0)) if is_count else np.ones_like(values)
    away = (values - expected) / unit
    z, p = np.full_like(values, np.nan), np.full_like(values, np.nan)
    floor = np.zeros_like(values)
    if cases is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            # One case more on either side: a share that was 0 until now is not sure to stay it.
            share = np.clip((expected * cases + 1) / (cases + 2), 0.0, 1.0)
            of_share = np.sqrt(share * (1 - share) / cases)
        floor = np.ones_like(values) if is_count else np.nan_to_num(of_share)
    for place in range(max(first + 1, periods - last), periods):
        before = away[:, max(first, place - spread) : place]
        known = np.isfinite(before).sum(axis=1)
        usable = known >= _FEWEST
        if not usable.any():
            continue
        before = before[usable]
        # What grows lies above the median of its last weeks each time: that much is expected of it, too.
        trend = np.nanmedian(before, axis=1)
        before = np.abs(before - trend[:, None])
        middle = np.nanmedian(before, axis=1)
        wide = np.where(middle > 0, middle / _OF_MAD, _OF_MEAN_DEVIATION * np.nanmean(before, axis=1))
        wide = np.maximum(wide, floor[usable, place])
        with np.errstate(divide="ignore", invalid="ignore"):
            score = np.where(wide > 0, (away[usable, place] - trend) / wide, np.nan)
        z[usable, place] = score
        # Trend and spread are themselves made of so many numbers: far scores are likelier than normal ones (see the tests).
        p[usable, place] = 2 * scipy.stats.t.sf(np.abs(score), (known[usable] - 4) / 2)
        expected[usable, place] += trend * unit[usable, place]
    return Judged(expected, z, p)


def signals(numbers: pd.DataFrame, definitions: Mapping[str, MetricDefinition]) -> tuple[pd.DataFrame, int]:
    """The signals of the last four weeks' days and eight weeks' weeks, and how many series were looked at.

    `numbers`: current rows of `metrics.metric_values` (metric, grain, period_start as date, dimensions, value, n). Columns of
    the result: metric, grain, period_start, the dimensions, value, expected, z, adjusted_p.
    """
    found, looked_at = [], 0
    watched = numbers[
        numbers["metric"].isin([name for name, each in definitions.items() if _is_watched(each)])
    ]
    for (metric, grain), rows in watched.groupby(["metric", "grain"], sort=True):
        if grain in _SEASON:
            judged, series = _of_metric(rows, definitions[str(metric)], str(grain))
            looked_at += series
            found.append(judged)
    if not found:
        return numbers.head(0).assign(expected=[], z=[], adjusted_p=[]), looked_at
    judged = pd.concat(found, ignore_index=True)
    judged["adjusted_p"] = judged.groupby(["grain", "period_start"])["p"].transform(
        lambda p: scipy.stats.false_discovery_control(p, method="bh")
    )
    is_signal = (
        (judged["z"].abs() > Z_BOUND) & (judged["adjusted_p"] <= FALSE_DISCOVERIES) & judged["is_large"]
    )
    return judged[is_signal].drop(columns=["p", "is_large"]).reset_index(drop=True), looked_at


def _is_watched(definition: MetricDefinition) -> bool:
    """What looks back over many days moves with what falls out of them, and what is open-ended grows with age."""
    is_plain = definition.window_days == 1 and not definition.is_open_ended
    return is_plain and not definition.metric.endswith("_standard_error")


def _of_metric(rows: pd.DataFrame, definition: MetricDefinition, grain: str) -> tuple[pd.DataFrame, int]:
    names = [*DIMENSIONS]
    series = rows.groupby(names, dropna=False, sort=True).ngroup().to_numpy()
    ordinals = rows["period_start"].map(date.toordinal).to_numpy()
    step = 7 if grain == "week" else 1
    place = (ordinals - ordinals.min()) // step
    shape = (int(series.max()) + 1, int(place.max()) + 1)
    values, n = np.full(shape, np.nan), np.full(shape, np.nan)
    values[series, place] = rows["value"].to_numpy(dtype=float)
    n[series, place] = rows["n"].to_numpy(dtype=float)
    unit = definition.unit
    # People who come back are no independent cases, and what chance makes of a median nobody knows.
    is_of_cases = unit is Unit.RATIO or (unit.chance is Chance.COUNT and not unit.is_of_members)
    found = judge(
        values,
        _SEASON[grain],
        _SPREAD[grain],
        _JUDGED[grain],
        unit.chance is Chance.COUNT,
        n if is_of_cases else None,
    )
    kept = np.isfinite(found.p[series, place])
    at = series[kept], place[kept]
    judged = rows.loc[kept, ["metric", "grain", "period_start", *names, "value", "n"]].assign(
        expected=found.expected[at], z=found.z[at], p=found.p[at]
    )
    judged["is_large"] = _is_large(definition, judged)
    return judged.drop(columns="n"), shape[0]


def _is_large(definition: MetricDefinition, judged: pd.DataFrame) -> pd.Series:
    value, expected = judged["value"], judged["expected"]
    away = (value - expected).abs()
    if definition.unit.chance is Chance.COUNT:
        enough = np.maximum(value, expected) >= _LEAST_COUNT
    else:
        enough = ~judged["n"].map(definition.is_small).astype(bool)
    if definition.unit is Unit.RATIO:
        return enough & (away >= _LEAST_SHARE)
    if definition.unit is Unit.POINTS:
        return enough & (away >= _LEAST_POINTS)
    return enough & (away >= _LEAST_PART * expected.abs())
