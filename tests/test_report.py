"""The health report: the same numbers give the same page, and the page says how far they can be trusted."""

import re
from dataclasses import replace
from datetime import date, timedelta
from string import Formatter

import pandas as pd
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.contract import CheckStatus
from learning import uncertainty
from reports import charts, wording
from reports.health import all_audiences, render
from reports.language import language
from reports.model import SourceStatus, Target
from reports.placement import placed
from settings.units import Unit
from tests.reports_fixture import WEEK, pages, report, values

EN = language("en")


@pytest.fixture(scope="module")
def page() -> str:
    return pages()["index.html"]


def text_of(page: str) -> str:
    return re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.S))
    )


def card_of(page: str, metric: str) -> str:
    found = re.search(rf'data-metric="{metric}".*?</li>', page, flags=re.S)
    assert found is not None
    return found.group(0)


def test_the_same_report_is_the_same_page(page: str) -> None:
    assert render(report()) == page


def test_the_page_refers_to_nothing_outside_itself(page: str) -> None:
    assert set(re.findall(r"https?://[^\"' >]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "<script" not in page
    assert not re.search(r"src=", page)
    # Links lead within the page, to other views of the week, the list of weeks and the glossary.
    for target in re.findall(r"href=\"([^\"]+)\"", page):
        assert re.fullmatch(
            r"#[a-z-]+|[a-z_-]+\.html(#data)?|\.\./(index|glossary)\.html(#metric-[a-z0-9_]+)?", target
        ), target


def test_it_tells_the_stories_in_the_numbers(page: str) -> None:
    said = text_of(page)
    assert "hardly used in 90 days: Gantt export." in said
    assert "Audit log lives in one segment: enterprise has 100% of its users" in said
    assert "uses 2.5 of the 12.5 features open to them this week, on average (20%)" in said
    assert "2 days 38% 50%" in said
    assert "Audit log few, seldom 20% 1.5 days 4 70%" in said
    assert "cosmos keeps 40% of its first due dates, the others 85%. By the dates as moved it is 90%." in said
    assert "after the launch of Timeline on 29 Sept 2026, up to 60 tickets a week were tagged with it" in said
    assert "37% of those who reach “data_imported” leave before “validation_passed”" in said
    assert "1 zombie: live, hardly used Gantt export" in said


def test_every_table_has_a_caption_and_every_chart_a_description(page: str) -> None:
    assert page.count("<table>") == page.count("<caption>")
    charts = re.findall(r"<svg.*?</svg>", page, flags=re.S)
    assert len(charts) > 15
    assert all('role="img"' in chart and "aria-label" in chart for chart in charts)
    figures = re.findall(r"<figure>.*?</figure>", page, flags=re.S)
    assert len(figures) >= 10
    assert all("<table>" in figure for figure in figures)


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
    support = page[page.index('id="support"') : page.index('id="satisfaction"')]
    assert "zendesk was last read until 2026-11-13 01:00 UTC" in support
    assert "Tickets are few." in support
    delivery = page[page.index('id="delivery"') : page.index('id="support"')]
    assert "zendesk" not in delivery
    named = "zendesk failed, read until 2026-11-13 01:00"
    assert named in card_of(page, "contact_rate")
    assert named not in card_of(page, "on_time_rate")
    assert "Published with 1 warning; stale: zendesk." in text_of(page)


def test_missing_numbers_leave_a_gap_and_no_zero() -> None:
    rows = values()
    rows.loc[(rows["metric"] == "on_time_rate") & rows["team_id"].isna(), ["value", "denominator"]] = [
        None,
        0,
    ]
    page = render(report(values=rows))
    assert 'data-metric="on_time_rate"' not in page
    rows.loc[
        (rows["metric"] == "on_time_rate") & rows["team_id"].isna() & (rows["period_start"] < WEEK), "value"
    ] = 0.7
    assert f'class="value">{wording.MISSING}<' in card_of(render(report(values=rows)), "on_time_rate")


def test_a_share_of_few_is_shown_as_a_small_sample() -> None:
    rows = values()
    few = (rows["metric"] == "retention_rate_d7") & (rows["period_start"] == WEEK)
    rows.loc[few, ["n", "value"]] = [12, 0.25]
    # Wilson's interval of 3 of 12, from a table.
    assert "n = 12 · (8.9% to 53%) · small sample" in text_of(render(report(values=rows)))


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
    amount, unit = wording.duration(EN, seconds).split(" ")
    size = {"s": 1, "min": 60, "h": 3_600, "day": 86_400, "days": 86_400}[unit]
    assert float(amount.replace(",", "")) * size == pytest.approx(seconds, rel=0.05, abs=1)


@settings(deadline=None)  # The first week of a language reads its catalogue.
@given(st.dates(date(2020, 1, 6), date(2030, 1, 1)), st.sampled_from(["en", "fr"]))
def test_a_week_is_named_by_its_first_and_last_day(day: date, code: str) -> None:
    monday = day - timedelta(days=day.weekday())
    span = language(code).week(monday)
    assert span.startswith(str(monday.day))
    assert str((monday + timedelta(days=6)).day) in span


def test_targets_are_met_at_their_edge() -> None:
    assert Target(at_least=0.8).is_met(0.8)
    assert Target(at_most=4.0).is_met(4.0)
    assert not Target(at_least=0.8).is_met(0.79)


def test_what_is_switched_off_is_left_out_and_said_so() -> None:
    definitions = {
        **report().definitions,
        "smiles": replace(report().definitions["csat_rate"], label="Smiles", families=("surveys",)),
    }
    said = text_of(render(report(definitions=definitions)))
    assert "Left out: Smiles. No tool of the kind “surveys” is switched on." in said


def test_what_could_not_be_read_is_told_in_one_sentence_where_there_is_any() -> None:
    assert "Not as the vendors promise" not in text_of(pages()["index.html"])
    held = report().coverage
    counted = {
        "created_at_unreadable": 3,
        "due_on_unreadable": 2,
        "records_quarantined": 4,
        "records_mended": 1,
    }
    told = pd.concat([held, *(held.assign(check_name=name, counted=n) for name, n in counted.items())])
    assert (
        "Not as the vendors promise: 5 values could not be read and count as unknown, 4 records were set aside and "
        "broken characters were replaced in 1 record." in text_of(render(report(coverage=told)))
    )


def test_a_restated_week_shows_both_figures_and_why() -> None:
    page = render(report())
    data = text_of(page[page.index('id="data"') :])
    assert "38 as of 14 Nov 2026 40 as of 16 Nov 2026 Late records" in data
    assert "n went from 38 to 40" in data
    assert "revision 2" in text_of(page)


def test_a_period_that_is_not_over_is_marked() -> None:
    definitions = dict(report().definitions)
    definitions["retention_rate_d7"] = replace(definitions["retention_rate_d7"], closes_after_days=7)
    rows = values()
    rows = rows[(rows["metric"] != "retention_rate_d7") | (rows["period_start"] < WEEK)]
    card = text_of(card_of(render(report(values=rows, definitions=definitions)), "retention_rate_d7"))
    assert "2–8 November 2026" in card
    assert "this week is complete on 23 Nov 2026" in card


def test_every_audience_has_its_page_with_the_same_numbers() -> None:
    assert set(pages()) == {
        "index.html", "leadership.html", "support.html", "tech.html", "months.html", "team-atlas.html",
        "team-cosmos.html",
    }  # fmt: skip
    # Cosmos owns no feature.
    assert 'id="delivery"' in pages()["team-cosmos.html"]
    assert not [
        each for each in ("adoption", "support", "feedback") if f'id="{each}"' in pages()["team-cosmos.html"]
    ]
    assert "team-cosmos.html" in {
        each.file for each in all_audiences(report(features=report().features.iloc[:0]))
    }
    for name in ("leadership.html", "support.html"):
        assert card_of(pages()[name], "nps") == card_of(pages()["index.html"], "nps")
    assert "(10 to 30)" in text_of(card_of(pages()["index.html"], "nps"))
    assert 'id="delivery"' not in pages()["support.html"]
    assert 'id="support"' not in pages()["tech.html"]
    assert len(pages()["index.html"].encode()) < 150_000


def test_french_is_french() -> None:
    page = render(report(say=language("fr")))
    for said in (
        "Ce qui a changé",
        "9–15 novembre 2026",
        "1 zombie\u202f: en service, à peine utilisée",
        "objectif ≥ 80\u202f%, manqué",
        "\u00ab\u202fdata_imported\u202f\u00bb",
    ):
        assert said in page
    assert "1,5 jour" in wording.quantity(language("fr"), 1.5, Unit.DAYS)
    assert wording.quantity(language("fr"), 12_345, Unit.COUNT) == "12\u202f345"
    assert wording.change(language("fr"), 0.5, 0.515, Unit.RATIO) == "−1,5 point"
    assert language("fr").day(date(2026, 11, 1)).startswith("1er nov")


def test_the_catalogue_holds_every_message_and_the_same_places() -> None:
    """What the code and the templates say, found as translators' tools find it."""
    methods = [("**.py", "python"), ("**/templates/**.j2", "jinja2.ext:babel_extract")]
    keywords: dict[str, object] = {
        "text": None,
        "plural": (1, 2),
        "N_": None,
        "N2_": (1, 2),
        "t": None,
        "tn": (1, 2),
    }
    found = {}
    for _, _, message, _, _ in extract_from_dir("reports", method_map=methods, keywords=keywords):
        forms = (message,) if isinstance(message, str) else tuple(message)
        found[forms[0]] = forms
    assert len(found) > 250
    with open("reports/locales/fr.po", "rb") as file:
        french = read_po(file)
    for key, forms in found.items():
        entry = french.get(key)
        assert entry is not None, key
        strings = (entry.string,) if isinstance(entry.string, str) else entry.string
        assert len(strings) == len(forms), key
        for form, string in zip(forms, strings, strict=True):
            assert places(form) == places(string), (form, string)


def places(message: str) -> set[str | None]:
    return {field for _, field, _, _ in Formatter().parse(message)} - {None}


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="choose one of en, fr"):
        language("tlh")


@given(st.integers(1, 5000), st.integers(0, 5000))
def test_intervals_hold_the_share_and_stay_within_it(n: int, k: int) -> None:
    share = min(k, n) / n
    low, high = uncertainty.wilson(share, n)
    assert 0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1


def test_intervals_are_those_of_the_tables() -> None:
    # Newcombe 1998, table I: 81 of 263, and 0 of 20; Poisson: Garwood's exact limits of 10 are 4.80 and 18.39.
    assert uncertainty.wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-4)
    assert uncertainty.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-4)
    assert uncertainty.events(10) == pytest.approx((4.80, 18.39), abs=0.05)


def section_of(page: str, anchor: str) -> str:
    found = re.search(rf'<section id="{anchor}".*?</section>', page, flags=re.S)
    assert found is not None, anchor
    return text_of(found[0])


def test_what_people_say_has_its_intervals() -> None:
    said = section_of(pages()["support.html"], "satisfaction")
    # 13 weeks of 12 answers at 80%: Wilson's interval of 124.8 of 156.
    assert "Board 80% (73% to 86%) 156" in said
    assert "Ticket csat rate 9–15 November 2026 80% (71% to 87%) 100 as usual" in said
    feedback = section_of(pages()["support.html"], "feedback")
    assert "Board 65 5" in feedback
    assert "all feedback 117 12 " in feedback
    pulse = section_of(pages()["tech.html"], "pulse")
    # Wilson's interval of 12 of 20, from a table.
    assert "small teams together October 2026 60% (39% to 78%) 20 too few answers to judge" in pulse
    assert pulse.index("atlas") < pulse.index("small teams together")
    assert 'id="pulse"' not in pages()["index.html"]
    assert (
        "small teams"
        not in pages()["team-atlas.html"].split('id="pulse"')[1].split("</table>")[0].split("<tbody>")[1]
    )


def test_few_answers_with_a_sentiment_make_no_share_of_it() -> None:
    rows = values()
    few = (rows["metric"] == "feedback_negative_rate") & (rows["period_start"] < WEEK)
    page = render(report(values=rows[~few]), "support.html")
    assert "with a sentiment" not in section_of(page, "feedback")


@given(
    st.lists(
        st.tuples(st.text("abcdefgh ", min_size=1, max_size=20), st.integers(0, 800), st.integers(0, 330)),
        max_size=25,
    )
)
def test_no_name_of_a_point_covers_another(points: list[tuple[str, int, int]]) -> None:
    found = placed([(name, float(x), float(y)) for name, x, y in points], (800.0, 330.0))
    boxes = [(x, y, x + 6 * len(name), y + 13) for name, x, y in found]
    for place, one in enumerate(boxes):
        assert one[0] >= 0
        assert one[2] <= 800
        for other in boxes[:place]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_the_chart_of_the_digest_has_its_colours() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4" viewBox="0 0 4 4"><rect width="4" height="4" fill="var(--accent)"/></svg>'
    assert charts.png(svg) == charts.png(svg.replace("var(--accent)", "#2f6fde"))
    assert charts.png(svg) != charts.png(svg.replace("var(--accent)", "#000000"))


def test_a_week_without_tickets_is_a_zero_and_no_gap() -> None:
    rows = values()
    quiet = (
        (rows["metric"] == "tickets_created")
        & (rows["feature_id"] == "board")
        & (rows["period_start"] == WEEK)
    )
    page = render(report(values=rows[~quiet]))
    behind = page[page.index("Tickets by feature and week</span></caption>") :]
    last_week = re.search(r'<th scope="row"[^>]*>9 Nov 2026</th>(.*?)</tr>', behind)
    assert last_week is not None
    assert sorted(re.findall(r">(\d+)<", last_week[1])) == ["0", "6", "6"]


def test_an_organisation_of_infrequent_use_sees_who_came_back_later_too(page: str) -> None:
    infrequent = render(report(expected_use="infrequent"))
    for shown, of_day, or_later in ((page, True, False), (infrequent, False, True)):
        assert ('data-metric="retention_rate_d7"' in shown) == of_day
        assert ('data-metric="retention_unbounded_rate_d7"' in shown) == or_later
        assert ("came back on the 1st, 7th and 28th day after or later" in text_of(shown)) == or_later
