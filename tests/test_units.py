"""Whatever decides by a metric's unit knows every unit: words, intervals, views, checks, comments."""

import json
import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.suites import MART_SUITES
from learning import uncertainty
from metrics.catalogue import COLUMNS, read_definitions, write_definitions
from metrics.definitions import MetricDefinitionError, published_definitions
from metrics.dimensions import DIMENSIONS
from publication.subject_views import create_subject_views
from reports import wording
from reports.glossary import render_glossary
from reports.language import language
from reports.usual import Period, usual
from settings.units import Chance, Unit
from tests.metric_warehouse import semantic_manifest
from tests.reports_fixture import glossary, report

DEFINITION = report().definitions["new_users"]
# Numerator, denominator, value and n as a metric of each kind has them.
EXAMPLES = {
    Chance.SHARE: ((81.0, 263.0, 81 / 263, 263), (0.0, 20.0, 0.0, 20)),
    Chance.ODDS: ((30.0, 20.0, 1.5, 50), (0.0, 8.0, 0.0, 8), (5.0, 0.0, None, 5)),
    Chance.RATE: ((10.0, 400.0, 0.025, 400), (0.0, 4.0, 0.0, 4), (3.0, 0.0, None, 0)),
    Chance.COUNT: ((12.0, None, 12.0, 12),),
    Chance.NONE: ((None, None, 3600.0, 9),),
}
CASES = [(unit, numbers) for unit in Unit for numbers in EXAMPLES[unit.chance]]


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("code", ["en", "fr"])
def test_a_value_and_its_change_are_written_in_every_unit(unit: Unit, code: str) -> None:
    say = language(code)
    assert any(figure.isdigit() for figure in wording.quantity(say, 3.21, unit))
    assert (" point" in wording.change(say, 2.0, 1.0, unit)) == (wording.points(unit) is not None)
    weeks = [Period(date(2026, 1, 5) + timedelta(weeks=week), 0.5, 50.0, 100.0) for week in range(8)]
    band = usual(unit, weeks[-1], weeks[:-1])
    assert band is not None
    assert band.p == 1.0


@given(
    share=st.floats(0, 1)
    | st.integers(1, 10**6).map(lambda n: 1 / n)
    | st.integers(2, 10**6).map(lambda n: 1 - 1 / n)
)
@pytest.mark.parametrize("code", ["en", "fr"])
def test_a_part_is_never_told_as_all_and_some_never_as_none(code: str, share: float) -> None:
    """430 of 432 users are not 100% of them."""
    digits = language(code).percent(share).strip("<>%\u202f").replace(",", ".")
    assert (float(digits) == 100) is (share == 1)
    assert (float(digits) == 0) is (share == 0)


@given(low=st.floats(0, 500), width=st.floats(0, 500), value=st.integers(0, 1200))
def test_a_number_beyond_what_is_usual_is_told_beyond_its_ends(low: float, width: float, value: int) -> None:
    """Of what is counted: rounded, 32 stood above "4.1 to 32"."""
    high = low + width
    first, last = (
        float(each.replace(",", "")) for each in wording.ends(language("en"), low, high, Unit.COUNT)
    )
    if math.ceil(low) <= math.floor(high):
        assert (first <= value <= last) is (low <= value <= high)


def test_a_unit_that_nobody_knows_is_named_where_a_metric_is_read() -> None:
    manifest = json.loads(semantic_manifest().read_text())
    project = json.loads(semantic_manifest().with_name("manifest.json").read_text())
    metric = next(each for each in manifest["metrics"] if each["name"] == "new_users")
    metric["config"]["meta"]["unit"] = "furlongs"
    with pytest.raises(MetricDefinitionError, match="new_users has unit 'furlongs': one of ratio, multiple"):
        published_definitions(manifest, project)


@pytest.mark.parametrize("unit", Unit)
def test_readers_are_told_what_every_unit_means(unit: Unit) -> None:
    comment = COLUMNS["unit"].comment
    assert f"{unit}: {unit.meaning}" in comment
    shown = glossary()
    only = replace(shown.metrics[0], definition=replace(shown.metrics[0].definition, unit=unit))
    pages = [render_glossary(replace(shown, metrics=[only]), language(code)) for code in ("en", "fr")]
    assert pages[0].count("<td>") == pages[1].count("<td>")


@pytest.mark.parametrize(("unit", "numbers"), CASES)
def test_the_subject_view_has_the_interval_of_the_report(
    unit: Unit, numbers: tuple[float | None, ...], tmp_path: Path
) -> None:
    names = ("numerator", "denominator", "value", "n")
    with duckdb.connect(str(tmp_path / "published.duckdb")) as connection:
        connection.execute("create schema meta; create schema metrics; create schema mart")
        connection.execute("create table mart.dim_target (metric text, at_least double, at_most double)")
        dimensions = ", ".join(f"{name} text" for name in DIMENSIONS)
        connection.execute(
            f"create table metrics.metric_values (metric text, grain text, period_start date, {dimensions}, numerator double, "
            "denominator double, value double, n bigint, revision integer, as_of date, is_current boolean)"
        )
        write_definitions(connection, "meta.metrics", [replace(DEFINITION, unit=unit)])
        assert read_definitions(connection)["new_users"].unit is unit
        connection.execute(
            "insert into metrics.metric_values by name select 'new_users' as metric, 'week' as grain, ? as period_start, "
            "? as numerator, ? as denominator, ? as value, ? as n, 1 as revision, true as is_current",
            [date(2026, 11, 9), *numbers],
        )
        create_subject_views(connection)
        (found,) = connection.execute(
            f"select interval_low, interval_high from metrics.{DEFINITION.subject}"
        ).fetchall()
    expected = uncertainty.interval(unit, dict(zip(names, numbers, strict=True)))
    assert found == pytest.approx(expected or (None, None), abs=1e-9)
    assert (expected is not None) == (
        unit.chance.name in {"SHARE", "ODDS", "RATE"} and numbers[2] is not None
    )


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_of_odds_holds_them_and_turns_round_with_them(gained: int, lost: int) -> None:
    found = uncertainty.odds(gained, lost)
    assert found is not None
    assert 0 <= found[0] <= gained / lost * (1 + 1e-9) + 1e-9
    assert gained / lost <= found[1] * (1 + 1e-9)
    if gained:
        turned = uncertainty.odds(lost, gained)
        assert turned == pytest.approx((1 / found[1], 1 / found[0]))


def test_the_interval_of_odds_is_that_of_the_share_of_both() -> None:
    # 30 of 50: Wilson's interval by hand, 0.592865 -+ 0.131053.
    assert uncertainty.odds(30, 20) == pytest.approx((0.461812 / 0.538188, 0.723918 / 0.276082), abs=1e-4)
    assert uncertainty.odds(5, 0) is None


def test_only_what_is_a_part_of_a_whole_must_lie_between_0_and_1() -> None:
    (suite,) = [
        suite
        for suite in MART_SUITES
        if any(rule.name == "rates_lie_between_0_and_1" for rule in suite.rules)
    ]
    with duckdb.connect() as connection:
        connection.execute("create schema metrics")
        write_definitions(
            connection,
            "metrics.metric_definitions",
            [replace(DEFINITION, metric=str(unit), unit=unit) for unit in Unit],
        )
        dimensions = ", ".join(f"null as {name}" for name in DIMENSIONS)
        connection.execute(
            "create table metrics.metric_values as select metric, date '2026-11-09' as period_start, 1.34 as value, "
            f"null as numerator, null as denominator, true as is_current, {dimensions} from metrics.metric_definitions"
        )
        query = suite.query.replace("$as_of", "date '2026-11-16'")
        judged = {row[1] for row in connection.execute(query).fetchall()}
    assert judged == {"ratio"}
