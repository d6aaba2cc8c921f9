"""Pictures and tables do not mislead: what is of few, of other issues, or of a survey that just began is told as such."""

import re
from datetime import date, timedelta
from xml.etree import ElementTree

import duckdb
import pandas as pd
import pytest

from metrics.dimensions import DIMENSIONS
from reports import charts
from reports.delivery_section import delivery
from reports.headlines import headlines
from reports.health import AUDIENCES, render, render_pages, team_audiences
from reports.language import language
from reports.launch_section import launches
from reports.model import HealthReport, Restatement, Words
from reports.people_sections import funnel
from reports.placement import leader, placed
from reports.product_sections import adoption
from reports.restatements import restatements, revisions
from reports.sections import Cell, Figure
from reports.voice_section import feedback, pulse
from tests.reports_fixture import WEEK, report, values


def with_rows(*rows: dict[str, object]) -> pd.DataFrame:
    """The fixture's values and more of them, of the report's week unless they say otherwise."""
    given = {"grain": "week", "period_start": WEEK, "revision": 1}
    return pd.concat([values(), pd.DataFrame([{**given, **row} for row in rows])], ignore_index=True)


def stay(stage: str, team: str, days: float, n: int) -> dict[str, object]:
    return {
        "metric": "stage_time_seconds_median",
        "stage": stage,
        "team_id": team,
        "value": 86_400 * days,
        "n": n,
    }


def test_medians_stand_side_by_side_and_one_of_few_issues_in_no_picture() -> None:
    rows = with_rows(
        stay("other", "atlas", 30.0, 1), stay("review", "atlas", 3.0, 12), stay("review", "cosmos", 2.0, 9)
    )
    section = delivery(report(values=rows, words=Words(stages={"build": "Build", "review": "Review"})))
    assert section is not None
    (figure,) = [each for each in section.figures if each.table.caption == "Time in stage by team"]
    assert "other" not in figure.svg
    assert any(each.text == "other" for each in figure.table.columns)
    # Points, and no bar that adds medians up.
    assert "<rect" not in figure.svg


def test_the_slowest_stage_is_that_of_the_team_that_is_slower_than_all_others() -> None:
    rows = with_rows(
        stay("review", "atlas", 3.0, 400), stay("review", "cosmos", 9.0, 9), stay("wait", "atlas", 2.0, 5), stay("wait", "cosmos", 40.0, 2),
    )  # fmt: skip
    section = delivery(report(values=rows))
    assert section is not None
    (table,) = [each for each in section.tables if each.caption.startswith("Where issues")]
    assert [(row[0], row[1]) for row in table.rows] == [("review", "cosmos")]


def test_a_point_of_few_users_is_left_out_of_the_quadrant() -> None:
    rows = values()
    few = (
        (rows["metric"] == "feature_adoption_rate")
        & (rows["feature_id"] == "audit_log")
        & rows["segment"].isna()
    )
    rows.loc[few, ["numerator", "denominator", "n", "value"]] = [2, 4, 4, 0.5]
    section = adoption(report(values=rows))
    assert section is not None
    (quadrant,) = [each for each in section.figures if "many, often" in each.svg]
    assert "Audit log" not in quadrant.svg
    assert "Timeline" in quadrant.svg


def test_a_hardly_used_feature_is_seen() -> None:
    rows = with_rows({"metric": "feature_adoption_rate", "feature_id": "gantt_export", "value": 0.001, "n": 900, "numerator": 1, "denominator": 900})  # fmt: skip
    section = adoption(report(values=rows))
    assert section is not None
    # Its name's value and a mark in the colour of alarm, however short its bar.
    assert section.figures[0].svg.count("var(--bad)") >= 2


def test_users_of_an_unknown_segment_are_users() -> None:
    rows = values()
    audit = (
        (rows["metric"] == "feature_adoption_rate")
        & (rows["feature_id"] == "audit_log")
        & (rows["segment"] == "enterprise")
    )
    rows.loc[audit, "numerator"] = 95
    unknown = rows[audit & (rows["period_start"] == WEEK)].assign(
        segment="(unknown)", numerator=5, denominator=40
    )
    section = adoption(report(values=pd.concat([rows, unknown])))
    assert section is not None
    assert any("enterprise has 95% of its users" in each for each in section.findings)


def test_the_beginning_of_a_survey_is_said_where_its_comments_are_counted() -> None:
    section = feedback(
        report(surveys_since={"Feature CSAT": date(2026, 9, 7), "Customer NPS": date(2026, 6, 2)})
    )
    assert section is not None
    caption = section.figures[0].caption
    assert "Since 7 Sept 2026 the comments of the survey “Feature CSAT” are among them." in caption
    assert "Customer NPS" not in caption


def test_a_team_without_answers_in_the_newest_month_does_not_stand_beside_it() -> None:
    rows = values()
    newest = (
        (rows["metric"] == "team_pulse_rate")
        & (rows["team_id"] == "atlas")
        & (rows["period_start"] == date(2026, 10, 1))
    )
    section = pulse(report(values=rows[~newest]))
    assert section is not None
    assert [str(row[0]) for row in section.tables[0].rows] == ["small teams together"]


def test_a_launch_below_its_target_is_a_sentence() -> None:
    made = report()
    made.features["adoption_target"] = [0.6, 0.9, 0.1, 0.1]
    section = launches(made)
    assert section is not None
    assert "Timeline: 40% of those who may use it do, its target is 90%." in section.findings


def test_a_number_over_a_longer_time_names_it() -> None:
    periods = {each.metric: each.period for each in headlines(report())}
    assert periods["features_used_rate"] == "use in the 90 days to 15 Nov 2026"
    assert periods["time_to_market_days_median"] == "epics accepted in the 52 weeks to 15 Nov 2026"
    assert periods["on_time_rate"] == "this week"


def test_restated_is_what_is_printed_otherwise() -> None:
    definitions = report().definitions
    mart = duckdb.connect()
    mart.execute("create schema metrics")
    columns = ", ".join(f"null::varchar as {name}" for name in DIMENSIONS)
    mart.execute(
        f"""
        create table metrics.metric_values as
        select *, {columns}, 100 as n, 1 as definition_version, 'week' as grain, date '{WEEK}' as period_start from (values
            ('on_time_rate', 0.7001, date '2026-11-16', 1, false), ('on_time_rate', 0.7002, date '2026-11-17', 2, true),
            ('csat_rate', 0.70, date '2026-11-16', 1, false), ('csat_rate', 0.75, date '2026-11-18', 2, true)
        ) as figures (metric, value, as_of, revision, is_current)
        """
    )
    assert [each.metric for each in restatements(mart, WEEK, definitions)] == ["csat_rate"]
    assert [(each.as_of, each.figures) for each in revisions(mart, WEEK, definitions)] == [
        (date(2026, 11, 18), 1)
    ]
    shown = {each.metric: each.is_restated for each in headlines(report(restatements=(Restatement("csat_rate", (), "week", WEEK, 0.7, 100, WEEK, 0.75, 100, WEEK + timedelta(days=9)),)))}  # fmt: skip
    assert {metric for metric, is_restated in shown.items() if is_restated} == {"csat_rate"}


def figures_of(given: HealthReport) -> list[Figure]:
    built = (build(given) for page in (*AUDIENCES, *team_audiences(given)) for build in page.sections)
    return [figure for section in built if section is not None for figure in section.figures]


def test_where_nothing_can_be_drawn_the_table_stands_open() -> None:
    rows = values()
    rows.loc[rows["metric"] == "stage_time_seconds_median", "n"] = 2
    given = report(values=rows)
    section = delivery(given)
    assert section is not None
    (figure,) = [each for each in section.figures if each.table.caption == "Time in stage by team"]
    assert figure.chart is None
    assert figure.caption.endswith("No picture: no stage was left by 5 issues or more of one team.")
    shown = render(given, "tech.html").split(figure.caption)[1].split("</figure>")[0]
    assert "<details" not in shown
    assert "Time in stage by team" in shown


def line_paths(svg: str) -> list[str]:
    """What is drawn as a line of two or more weeks; the frame and the points apart."""
    return [
        each
        for each in re.findall(r'd="(M[^"]+)"', svg)
        if "L" in each and "A" not in each and "Z" not in each
    ]


def drawn(values: list[float | None], faint: list[bool]) -> str:
    rows = pd.DataFrame(
        {
            "period_start": [WEEK + timedelta(weeks=place) for place in range(len(values))],
            "value": values,
            "team": "Atlas",
            "is_faint": faint,
        }
    ).dropna()
    return charts.lines(rows, "team", "", "", language("en"), "percent").wide


def test_a_line_breaks_where_a_week_has_no_value() -> None:
    whole = drawn([0.5, 0.6, 0.7, 0.4, 0.5], [False] * 5)
    broken = drawn([0.5, 0.6, None, 0.4, 0.5], [False] * 5)
    assert [path.count("M") for path in line_paths(whole)] == [1]
    assert sum(path.count("M") for path in line_paths(broken)) == 2
    # One that stands alone is a point: a line of one week is not seen.
    assert drawn([0.5, 0.6, None, 0.4, None, 0.7], [False] * 6).count("<circle") == 3


def test_no_line_leads_to_a_point_of_few_cases() -> None:
    svg = drawn([0.0, 1.0, 0.0, 1.0], [True] * 4)
    assert line_paths(svg) == []
    assert svg.count("<circle") >= 4
    section = delivery(report())
    assert section is not None
    (figure,) = [each for each in section.figures if each.table.caption == "On time by team and week"]
    assert figure.caption.endswith("Pale points, which no line joins: of fewer than 30 cases.")
    assert line_paths(figure.svg) == []


def test_every_point_has_its_name_and_a_far_one_a_line_to_it() -> None:
    points = [(f"Feature {place}", 20.0 + place % 3, 200.0 + place % 4) for place in range(24)]
    found = placed(points, (268.0, 420.0))
    assert [name for name, _, _ in found] == [name for name, _, _ in points]
    assert leader((10.0, 10.0), "near", 17.0, 10.0) is None
    assert leader((10.0, 10.0), "far", 90.0, 10.0) == (90.0, 10.0)


def test_every_chart_has_a_form_for_a_phone() -> None:
    figures = figures_of(report())
    assert len(figures) > 15
    for figure in figures:
        assert figure.chart is not None
        picture = ElementTree.fromstring(figure.chart.narrow)
        assert float(picture.attrib["width"]) <= 332, figure.caption
        words = {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
        bars = [each for each in figure.table.rows if not isinstance(each[0], str)]
        assert words, bars


def greyed(cells: list[Cell | str]) -> list[bool]:
    return [not isinstance(each, str) and each.is_faint for each in cells]


@pytest.mark.parametrize("metric", ["funnel_conversion_rate", "feature_adoption_rate"])
def test_shares_of_few_are_grey_with_their_number(metric: str) -> None:
    rows = values()
    rows.loc[rows["metric"] == metric, ["n", "denominator", "numerator"]] = [6, 1.0, 0.5]
    rows.loc[(rows["metric"] == "feature_adoption_rate"), "denominator"] = 6.0
    section = funnel(report(values=rows)) if metric.startswith("funnel") else adoption(report(values=rows))
    assert section is not None
    table = section.figures[0].table if metric.startswith("funnel") else section.tables[0]
    cells = [
        each for row in table.rows for each in row if not isinstance(each, str) and each.text.endswith("%")
    ]
    assert cells
    assert all(each.is_faint and "n = " in each.note for each in cells)
    assert "Pale: of fewer than 30 cases." in section.figures[0].caption


def test_a_chart_that_several_pages_show_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    draw = charts.vl_convert.vegalite_to_svg
    monkeypatch.setattr(
        charts.vl_convert, "vegalite_to_svg", lambda given: (drawn.append(repr(given)), draw(given))[1]
    )
    charts._drawn.cache_clear()
    render_pages(report())
    assert len(drawn) == len(set(drawn))
