"""The health report: the same numbers give the same page, and the page says how far they can be trusted."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import wording
from reports.health import render
from reports.model import CheckStatus, SourceStatus, Target
from tests.reports_fixture import report, values


@pytest.fixture(scope="module")
def page() -> str:
    return render(report())


def text_of(page: str) -> str:
    return re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.S))
    )


def test_the_same_report_is_the_same_page(page: str) -> None:
    assert render(report()) == page


def test_the_page_refers_to_nothing_outside_itself(page: str) -> None:
    assert set(re.findall(r"https?://[^\"' >]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!#)", page)


def test_it_tells_the_stories_in_the_numbers(page: str) -> None:
    said = text_of(page)
    assert "hardly used in 90 days: Gantt export." in said
    assert "Audit log lives in one segment: enterprise has 100% of its users" in said
    assert "cosmos keeps 40% of its first due dates, the other teams 85%" in said
    assert "The launch of Timeline on 2026-09-29 brought up to 60 tickets a week" in said
    assert "37% of those who reach “data_imported” leave before “validation_passed”" in said


def test_every_table_has_a_caption_and_every_chart_a_description(page: str) -> None:
    assert page.count("<table>") == page.count("<caption>")
    charts = re.findall(r"<svg.*?</svg>", page, flags=re.S)
    assert charts
    assert all("aria-label" in chart for chart in charts)


def test_what_was_not_published_is_said_first() -> None:
    said = text_of(render(report(withheld=("marts/core/fct_ticket: Tickets end before they begin.",))))
    assert "the newest night was not published" in said
    assert "Tickets end before they begin." in said


def test_a_stale_source_and_a_failed_check_stand_beside_what_they_touch() -> None:
    stale = SourceStatus("zendesk", "support", "failed", "2026-11-13 01:00", 1200, True)
    failed = CheckStatus(
        "marts/core/fct_ticket", "volume__x", False, "warn", "team:support", "Tickets are few.", "0.1"
    )
    page = render(report(sources=(stale,), checks=(failed,)))
    support = page[page.index('id="support"') : page.index('id="funnel"')]
    assert "zendesk was last read at 2026-11-13 01:00 UTC" in support
    assert "Tickets are few." in support
    delivery = page[page.index('id="delivery"') : page.index('id="support"')]
    assert "zendesk" not in delivery
    assert "Published with 1 warning; stale: zendesk." in text_of(page)


def test_missing_numbers_leave_a_gap_and_no_zero() -> None:
    rows = values()
    rows.loc[(rows["metric"] == "on_time_rate") & rows["team_id"].isna(), ["value", "denominator"]] = [
        None,
        0,
    ]
    page = render(report(values=rows))
    card = re.search(r'data-metric="on_time_rate".*?</li>', page, flags=re.S)
    assert card is not None
    assert f'class="value">{wording.MISSING}<' in card.group(0)


def test_a_share_of_few_is_shown_as_a_small_sample() -> None:
    rows = values()
    rows.loc[rows["metric"] == "retention_rate_d7", "n"] = 12
    assert "n = 12 · small sample" in text_of(render(report(values=rows)))


def test_a_report_without_numbers_is_a_page_all_the_same() -> None:
    empty = report(
        values=values().iloc[0:0], features=report().features.iloc[0:0], coverage=report().coverage.iloc[0:0]
    )
    assert "Data status" in render(empty)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_better_share_is_better_in_its_own_direction(value: float, before: float) -> None:
    up, down = (wording.judgement(value, before, direction) for direction in ("up", "down"))
    assert {up, down} in ({"better", "worse"}, {"even"})
    assert (up == "better") == (value > before)


@given(st.floats(0, 1e9))
def test_durations_read_in_one_unit(seconds: float) -> None:
    amount, unit = wording.duration(seconds).split(" ")
    size = {"s": 1, "min": 60, "h": 3_600, "days": 86_400}[unit]
    assert float(amount) * size == pytest.approx(seconds, rel=0.05, abs=1)


@given(st.dates(date(2020, 1, 6), date(2030, 1, 1)))
def test_a_week_is_named_by_its_first_and_last_day(day: date) -> None:
    monday = day - timedelta(days=day.weekday())
    span = wording.week_span(monday)
    assert str(monday.day) in span
    assert str((monday + timedelta(days=6)).day) in span


def test_targets_are_met_at_their_edge() -> None:
    assert Target(at_least=0.8).is_met(0.8)
    assert Target(at_most=4.0).is_met(4.0)
    assert not Target(at_least=0.8).is_met(0.79)
