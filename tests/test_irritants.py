"""Irritants: what is counted is what the company's tickets say, the heaviest comes first, and readers are told which of it is new."""

from dataclasses import replace
from datetime import date, timedelta

import duckdb
import pytest

from reports.health import render
from reports.irritant_section import irritants
from reports.irritants import irritants_of
from reports.language import language
from sandbox.company.company import Company
from sandbox.truth.irritants import IrritantTruth, irritant_truth, rage_click_truth
from tests.nights import NIGHTS, night_moment, three_nights
from tests.reports_fixture import ERRORS, report


def test_the_mart_counts_what_the_companys_tickets_say(tmp_path_factory: pytest.TempPathFactory) -> None:
    house, as_of = three_nights(tmp_path_factory).house, NIGHTS[-1]
    rows = house.query(
        "select feature_id, theme_id, ticket_count, ticket_count_before, account_count, trend from mart.mart_irritant"
    )
    expected = irritant_truth(Company.create("small"), as_of, night_moment(as_of))
    assert {(feature, theme): IrritantTruth(*counts) for feature, theme, *counts in rows} == expected
    assert sum(each.tickets for each in expected.values()) > 30
    clicked = house.query(
        "select distinct feature_id, rage_click_count, rage_click_person_count from mart.mart_irritant where rage_click_count is not null"
    )
    clicks = rage_click_truth(Company.create("small"), as_of, night_moment(as_of))
    assert {feature: counts for feature, *counts in clicked} == {
        feature: [*counts] for feature, counts in clicks.items()
    }
    assert min(count for count, _ in clicks.values()) > 5
    # Who starts a trial and is lost on the way is lost to the feature whose event the step is.
    lost = house.query(
        "select distinct lost_step, lost_people from mart.mart_irritant where feature_id = 'onboarding'"
    )
    ((step, people),) = lost
    assert (step is not None, people > 0) == (True, True)
    page = (house.home / "reports" / "2026-W46" / "support.html").read_text()
    assert 'id="irritants"' in page


def test_the_heaviest_comes_first_and_what_moves_is_named() -> None:
    small = replace(ERRORS, theme_id="speed", people=1, lost=None, step=None, revenue=900.0, trend="new")
    gone = replace(ERRORS, theme_id="data", tickets=0, trend="fading")
    unknown = replace(
        small,
        theme_id="access",
        tickets_before=None,
        people=None,
        accounts=None,
        revenue=None,
        rage_clicks=None,
        negative=None,
        trend=None,
    )
    assert ERRORS.weight > small.weight > unknown.weight
    of_nothing = replace(ERRORS, theme_id="(no theme)", people=1, accounts=1, revenue=1.0, trend="new")
    section = irritants(report(irritants=(ERRORS, small, of_nothing, unknown, gone), currency="USD"))
    assert section is not None
    assert section.findings[:3] == (
        "New: Timeline – speed.",
        "Rising: Timeline – errors.",
        "Fading: Timeline – data.",
    )
    assert len(section.findings) == 3
    (untold,) = irritants(report(irritants=(unknown,), currency="USD")).findings  # type: ignore[union-attr]
    assert untold.startswith("Rage clicks are not known")
    (table,) = section.tables
    rows = [[cell if isinstance(cell, str) else cell.text for cell in row] for row in table.rows]
    assert rows[0] == ["Timeline", "errors", "9", "1", "5", "12,000 USD", "4", "7", "2"]
    assert [row[1] for row in rows] == ["errors", "speed", "no theme", "access"]
    assert rows[3][3:] == ["–", "–", "–", "–", "–", "–"]
    assert irritants(report()) is None
    french = render(report(irritants=(ERRORS,), say=language("fr")), "support.html")
    assert "en hausse" in french


def test_an_earlier_week_is_not_told_what_vexes_people_now() -> None:
    with duckdb.connect() as mart:
        week_end = date(2026, 11, 15)
        assert irritants_of(mart, week_end, week_end + timedelta(days=1)) == ()
        mart.execute("create schema mart")
        mart.execute(
            "create table mart.mart_irritant as select 'board' as feature_id, 'errors' as theme_id, 3 as ticket_count, "
            "0 as ticket_count_before, 1 as person_count, 1 as account_count, null::double as arr_home, null as lost_funnel_id, "
            "null as lost_step, null::int as lost_people, null::int as rage_click_count, 0 as negative_count, 'new' as trend"
        )
        assert len(irritants_of(mart, week_end, week_end + timedelta(days=1))) == 1
        assert irritants_of(mart, week_end - timedelta(days=7), week_end + timedelta(days=1)) == ()
