"""Weak signals: what is far from its own season is found, what is not stays quiet, and missing numbers are no drop."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from learning.night_signals import write_signals
from learning.signals import FALSE_DISCOVERIES, Z_BOUND, judge, signals
from metrics.catalogue import write_definitions
from metrics.definitions import MetricDefinition
from metrics.dimensions import DIMENSIONS
from reports.digest import digest_of
from reports.health import render
from reports.language import language
from reports.model import Words
from reports.signal_section import told_signals, weak_signals
from reports.signals import Signal
from settings.units import Unit
from tests.launches_fixture import launches
from tests.reports_fixture import WEEK, report

FIRST = date(2026, 1, 5)
# A working week of a business product: few on weekends.
SEASON = np.array([1.0, 1.05, 1.05, 1.0, 0.85, 0.15, 0.12])
Floats = np.ndarray


def definition(metric: str = "tickets_created", **changes: object) -> MetricDefinition:
    given = {
        "metric": metric, "label": metric, "subject": "s", "description": "d", "owner": "o", "unit": Unit.COUNT,
        "good_direction": "none", "grain": "day", "groupings": ((), ("feature_id",)), "specification": "M47d", "sample": metric,
    }  # fmt: skip
    return MetricDefinition(**{**given, **changes})  # type: ignore[arg-type]


def numbers(
    values: Floats, grain: str = "day", metric: str = "tickets_created", n: float = np.nan
) -> pd.DataFrame:
    """Rows of `metrics.metric_values`, a series a feature; NaN: there is no row."""
    step = 7 if grain == "week" else 1
    rows = [
        {
            "metric": metric, "grain": grain, "period_start": FIRST + timedelta(days=step * place),
            **dict.fromkeys(DIMENSIONS), "feature_id": f"f{series}", "value": value, "n": n,
        }
        for series, line in enumerate(values)
        for place, value in enumerate(line)
        if np.isfinite(value)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def seasonal(rng: np.random.Generator, series: int, days: int, mean: float = 80.0) -> Floats:
    return rng.poisson(mean * np.tile(SEASON, days // 7 + 1)[:days], (series, days)).astype(float)


@pytest.mark.parametrize(("season", "spread", "periods"), [(7, 56, 126), (1, 26, 40), (1, 26, 26)])
def test_scores_of_chance_alone_are_as_likely_as_they_are_said_to_be(
    season: int, spread: int, periods: int
) -> None:
    rng = np.random.default_rng(periods)
    found = judge(rng.normal(100, 5, (20_000, periods)), season, spread, 1, False)
    z, p = found.z[:, -1], found.p[:, -1]
    assert np.isfinite(z).all()
    for level in (0.05, 0.01, 0.001):
        assert (p < level).mean() < 1.6 * level + 0.0005
    assert (p < 0.05).mean() > 0.03


def test_of_many_series_of_chance_hardly_one_night_has_a_signal() -> None:
    rng = np.random.default_rng(4)
    found, series = signals(numbers(seasonal(rng, 60, 140)), {"tickets_created": definition()})
    # 28 nights, each of 60 series.
    assert series == 60
    assert found["period_start"].nunique() <= 3


def test_a_surge_of_tickets_after_a_release_is_found_and_named_in_its_period_alone() -> None:
    rng = np.random.default_rng(5)
    weekly = rng.poisson(12, (80, 30)).astype(float)
    weekly[7, 27] = 60
    found, _ = signals(numbers(weekly, "week"), {"tickets_created": definition()})
    (signal,) = found.to_dict("records")
    assert (signal["feature_id"], signal["period_start"]) == ("f7", FIRST + timedelta(weeks=27))
    assert signal["z"] > Z_BOUND
    assert signal["adjusted_p"] <= FALSE_DISCOVERIES
    assert 8 <= signal["expected"] <= 16


def test_a_slow_decline_is_seen_against_its_own_weekdays_only() -> None:
    """A hundredth less each day for three weeks is far less than what every weekend takes away."""
    rng = np.random.default_rng(6)
    days = 182
    falling = seasonal(rng, 20, days, 1_000.0)
    falling[3, -21:] = rng.poisson(1_000 * np.tile(SEASON, 3) * (1 - 0.012 * np.arange(21)))
    found, _ = signals(numbers(falling), {"tickets_created": definition()})
    assert set(found["feature_id"]) == {"f3"}
    assert (found["z"] < 0).all()
    # Within what every week goes through: no bound that holds for all days would have told.
    assert falling[3, -21:].min() > 0.6 * falling[0].min()
    assert not signals(numbers(falling[:, : days - 21]), {"tickets_created": definition()})[0]["z"].size


def test_missing_numbers_are_no_drop() -> None:
    rng = np.random.default_rng(7)
    gone = seasonal(rng, 30, 140)
    gone[2, -10:] = np.nan
    gone[4, 80] = np.nan
    found, _ = signals(numbers(gone), {"tickets_created": definition()})
    assert "f2" not in set(found["feature_id"])
    judged = judge(gone, 7, 56, 28, True)
    assert np.isnan(judged.z[2, -10:]).all()
    # The same weekday in the eight weeks after a gap has no expectation.
    assert np.isnan(judged.expected[4, 87])
    assert np.isfinite(judged.expected[4, 88])


def test_a_series_that_never_moved_is_judged_by_its_mean_deviation_or_not_at_all() -> None:
    flat = np.full((2, 40), 50.0)
    flat[0, -1] = 90.0
    flat[1, -1], flat[1, 20] = 90.0, 51.0
    found = judge(flat, 1, 26, 1, False)
    assert np.isnan(found.z[0, -1])
    assert found.z[1, -1] > Z_BOUND
    # Of counts chance alone makes some spread.
    assert judge(flat, 1, 26, 1, True, flat).z[0, -1] == pytest.approx((90 - 50) / 50**0.5)


@pytest.mark.parametrize(
    ("unit", "usual", "now", "n", "is_told"),
    [
        (Unit.COUNT, 1.0, 9.0, 9, False),
        (Unit.COUNT, 1.0, 30.0, 30, True),
        (Unit.RATIO, 0.001, 0.009, 100_000, False),
        (Unit.RATIO, 0.1, 0.2, 100_000, True),
        (Unit.RATIO, 0.1, 0.9, 12, False),
        # One of 66 people did what nobody did before.
        (Unit.RATIO, 0.0, 1 / 66, 66, False),
        (Unit.RATIO, 0.0, 0.3, 66, True),
    ],
)
def test_what_is_small_is_not_worth_a_word(
    unit: Unit, usual: float, now: float, n: float, is_told: bool
) -> None:
    rng = np.random.default_rng(8)
    values = usual * (1 + 0.001 * rng.standard_normal((5, 40)))
    values[0, -1] = now
    of_metric = definition(unit=unit, grain="week", minimum_sample=30)
    found, _ = signals(numbers(values, "week", n=n), {"tickets_created": of_metric})
    assert bool(len(found)) is is_told


def test_what_looks_back_or_grows_with_age_is_not_looked_at() -> None:
    rows = numbers(seasonal(np.random.default_rng(9), 3, 140))
    for changes in ({"window_days": 28}, {"is_open_ended": True}):
        assert signals(rows, {"tickets_created": definition(**changes)})[1] == 0


def test_ten_thousand_series_are_judged_at_once() -> None:
    """A night's step is one pass over arrays, whatever the number of series: no loop over them."""
    values = np.random.default_rng(10).poisson(30, (10_000, 60)).astype(float)
    assert judge(values, 1, 26, 8, True).z.shape == values.shape


def signal(**changes: object) -> Signal:
    given = {
        "metric": "tickets_created", "grain": "week", "period_start": WEEK, "cut": {"team_id": "atlas"}, "value": 60.0,
        "expected": 12.0, "adjusted_p": 0.001, "launches": (), "holidays": (),
    }  # fmt: skip
    return Signal(**{**given, **changes})  # type: ignore[arg-type]


def test_the_report_tells_signals_of_numbers_that_no_finding_judges() -> None:
    watched_too = signal(cut={})
    noted = signal(
        grain="day",
        period_start=WEEK + timedelta(days=2),
        launches=("timeline",),
        holidays=(WEEK + timedelta(days=2),),
    )
    given = report(signals=(signal(), watched_too, noted), launches=launches())
    assert told_signals(given) == [signal(), noted]
    section = weak_signals(given)
    assert section is not None
    assert section.findings == (
        "Beside the numbers watched each week, 2 others lie farther from their usual than chance explains.",
    )
    (table,) = section.tables
    assert [cell if isinstance(cell, str) else cell.text for cell in table.rows[1]] == [
        "Tickets created", "atlas", "11 Nov 2026", "60", "12", "Timeline and 11 Nov 2026",
    ]  # fmt: skip
    assert weak_signals(report(signals=(watched_too,))) is None
    told = [each.text for each in digest_of(given, [], [], "").findings]
    assert any("Tickets created (atlas)" in each and "60, expected 12." in each for each in told)
    # A member is called as the rest of the page calls it.
    of_segment = report(
        signals=(signal(cut={"segment": "mid_market"}),), words=Words(segments={"mid_market": "mid-market"})
    )
    assert any("(mid-market)" in each.text for each in digest_of(of_segment, [], [], "").findings)
    french = render(report(signals=(signal(),), say=language("fr")))
    assert "Signaux faibles" in french


def test_a_night_writes_signals_with_what_else_happened(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    weekly = np.random.default_rng(3).poisson(12, (30, 30)).astype(float)
    weekly[7, 27] = 60
    rows = numbers(weekly, "week").assign(is_current=True)
    surged = FIRST + timedelta(weeks=27)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema metrics")
        connection.register("rows", rows)
        connection.execute(
            "create table metrics.metric_values as select * replace (period_start::date as period_start) from rows"
        )
        connection.execute(
            "create table marts.dim_launch as select * from (values ('near', 'studio', '[\"f7\"]', ?::date), "
            "('far', 'studio', '[\"f7\"]', ?::date), ('other', 'studio', '[\"f1\"]', ?::date)) "
            "as l(launch_id, product_id, feature_ids, launched_on)",
            [surged - timedelta(days=3), surged - timedelta(days=40), surged],
        )
        connection.execute(
            "create table marts.dim_date as select ?::date as date_day, true as is_holiday",
            [surged + timedelta(days=1)],
        )
        write_definitions(connection, "metrics.metric_definitions", [definition()])
    runs = [write_signals(path, FIRST + timedelta(weeks=30)) for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0].series == 30
    with duckdb.connect(str(path)) as connection:
        found = connection.execute(
            "select signal_id, feature_id, direction, annotations from metrics.signals"
        ).fetchall()
    holiday = surged + timedelta(days=1)
    assert found == [
        (f"tickets_created/feature_id=f7@{surged}", "f7", "up", f'["launch:near", "holiday:{holiday}"]')
    ]
