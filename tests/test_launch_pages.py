"""Pages of launches: what a reader is told, as sentences and in a table, in both languages."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from learning.verdicts import KpiVerdict, LaunchVerdict
from reports.digest import digest_of
from reports.files import views
from reports.health import launch_audiences, render, render_pages
from reports.language import language
from reports.launch_pages import launch_list
from reports.launch_words import is_overdue, verdict_sentence, what_next
from reports.launches import Launch, as_of_week
from reports.model import HealthReport
from reports.weeks import Week, render_weeks
from tests import reports_fixture
from tests.launches_fixture import found, kpi, launch, launches
from tests.reports_fixture import report

LAUNCHED = date(2026, 9, 29)


def told(given: Launch, said: HealthReport | None = None) -> str:
    return verdict_sentence(said or report(launches=launches()), given)


def test_a_verdict_says_number_n_days_and_rule() -> None:
    assert told(launch()) == (
        "Confirmed: Feature adoption rate (Timeline) was 35% (29% to 43%, n = 170) from 19 Oct 2026 to 25 Oct 2026; the target "
        "was at least 20%. The whole interval keeps the target."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"verdict": LaunchVerdict.NOT_YET, "decided_by": None},
            "Not yet: the verdict is read after 29 Oct 2026.",
        ),
        ({"verdict": LaunchVerdict.REFUTED}, "Refuted: Feature adoption rate (Timeline)"),
        ({"verdict": LaunchVerdict.INCONCLUSIVE}, "The target lies within what chance allows."),
        (
            {
                "verdict": LaunchVerdict.REFUTED,
                "decided_by": "guardrail:1",
                "kpis": (kpi(LAUNCHED), kpi(LAUNCHED, "guardrail", KpiVerdict.MISSED)),
            },
            "A breached guardrail overrides the primary metric.",
        ),
    ],
)
def test_each_verdict_has_its_sentence(changes: dict[str, object], said: str) -> None:
    assert said in told(launch(**changes))


def test_what_was_not_measured_says_why() -> None:
    (primary,) = launch().kpis
    unread = tuple(
        replace(
            each,
            value=None,
            n=None,
            low=None,
            high=None,
            verdict=KpiVerdict.NOT_MEASURED,
            reason="no_such_cut",
        )
        for each in primary.readings
    )
    given = launch(kpis=(replace(primary, readings=unread),), verdict=LaunchVerdict.INCONCLUSIVE)
    assert told(given) == (
        "Inconclusive: Feature adoption rate (Timeline) was not measured: the metric is not known by this cut."
    )


def test_a_change_is_told_with_its_sign() -> None:
    changed = kpi(LAUNCHED, at_least=None, at_most=0.1, is_change=True, metric="contact_rate", members=())
    readings = tuple(
        replace(each, value=110.0, baseline=100.0, change=0.1, low=-0.05, high=0.25) if each.value else each
        for each in changed.readings
    )
    given = launch(kpis=(replace(changed, readings=readings),), verdict=LaunchVerdict.INCONCLUSIVE)
    assert "Contact rate was +10% (−5.0% to +25%, n = 170)" in told(given)
    assert "the target was at most +10%" in told(given)


@pytest.mark.parametrize(
    ("given", "next_step"),
    [
        (launch(), "Next: write down what was learnt, by 12 Nov 2026."),
        (launch(retrospective="Much."), "Nothing is left to do."),
        (
            launch(verdict=LaunchVerdict.REFUTED),
            "Next: switch it off or give it another hypothesis, by 28 Nov 2026.",
        ),
        (
            launch(verdict=LaunchVerdict.REFUTED, switched_off_on=date(2026, 11, 7)),
            "Next: write down what was learnt, by 12 Nov 2026.",
        ),
        (
            launch(verdict=LaunchVerdict.INCONCLUSIVE),
            "Next: bring more people to it, or decide without numbers; it is read again on 28 Dec 2026.",
        ),
        (launch(verdict=LaunchVerdict.NOT_YET, decided_by=None), "Next: read the verdict on 30 Oct 2026."),
        (found(), "Next: write down in launches.yml what the next launch is to do, before it."),
    ],
)
def test_what_to_do_next_has_a_day(given: Launch, next_step: str) -> None:
    assert what_next(report(launches=launches()), given) == next_step


def test_the_list_treats_all_verdicts_alike_and_names_what_is_late() -> None:
    section = launch_list(report(launches=launches()))
    assert section is not None
    declared, undeclared = section.tables
    # On a phone no more than two columns are seen without scrolling.
    verdicts = [(row[1].text, row[1].note) for row in declared.rows if not isinstance(row[1], str)]
    assert verdicts == [
        ("not yet", ""), ("confirmed", "post-hoc"), ("inconclusive", ""), ("confirmed", ""), ("refuted", "")
    ]  # fmt: skip
    assert [row[0] for row in undeclared.rows] == ["Roadmap:1"]
    said = " ".join(section.findings)
    assert "This week Late reached day 30. Confirmed:" in said
    assert "Reviews overdue, nothing is written down of what was learnt: Timeline and Sync." in said
    assert "1 launch was refuted 30 days ago or earlier; switched off: 0." in said
    assert "1 launch of the last half year has no hypothesis." in said


def test_a_review_is_overdue_two_weeks_after_the_verdict() -> None:
    given = report(launches=launches())
    assert is_overdue(given, launch())
    assert not is_overdue(given, launch(retrospective="Much."))
    assert not is_overdue(given, launch("few", date(2026, 10, 6)))
    assert not is_overdue(given, launch(verdict=LaunchVerdict.NOT_YET, decided_by=None))


def test_an_earlier_week_knows_nothing_of_what_was_read_later() -> None:
    before = as_of_week(launch(switched_off_on=date(2026, 11, 7)), date(2026, 10, 28))
    assert before.verdict is LaunchVerdict.NOT_YET
    assert before.deciding is None
    assert before.switched_off_on is None
    assert {each.reason for each in before.kpis[0].readings if each.days >= 30} == {"not_yet"}
    assert as_of_week(launch(), date(2026, 10, 29)).verdict is LaunchVerdict.CONFIRMED


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return render_pages(report(launches=launches()))


def test_each_declared_launch_has_a_page_that_the_list_leads_to(pages: dict[str, str]) -> None:
    named = {name for name in pages if name.startswith("launch-")}
    assert named == {f"launch-{each}.html" for each in ("soon", "late", "few", "timeline", "sync")}
    assert set(re.findall(r'href="(launch-[^"]+)"', pages["launches.html"])) == named
    assert 'href="launches.html"' in pages["index.html"]
    assert 'href="launch-' not in pages["index.html"]
    assert "Post-hoc: what was expected was written after the launch." in pages["launch-late.html"]
    assert "day 90" in pages["launch-timeline.html"]


def test_the_list_of_weeks_leads_to_the_list_of_launches_alone(tmp_path: Path, pages: dict[str, str]) -> None:
    for name in pages:
        (tmp_path / name).touch()
    shown = views(tmp_path)
    assert "launches.html" in shown
    assert [name for name in shown if name.startswith("launch-")] == []
    week = Week("2026-W46", date(2026, 11, 9), date(2026, 11, 15), shown, ())
    assert ">Launches</a>" in render_weeks(report(), [week])


def test_without_launches_there_is_no_page() -> None:
    assert "launches.html" not in reports_fixture.pages()


def test_pages_of_launches_are_french() -> None:
    given = report(launches=launches(), say=language("fr"))
    pages = {each.file: render(given, each.file) for each in launch_audiences(given)}
    for english in ("Confirmed", "Refuted", "Next:", "not yet", "Post-hoc", "whole interval", "first read"):
        assert [name for name, page in pages.items() if english in page] == []
    assert re.search(r"Réfuté\s:", pages["launch-sync.html"])


def test_the_digest_tells_what_reached_a_checkpoint() -> None:
    remarks = digest_of(report(launches=launches()), [], [], "").findings
    (reached,) = [each for each in remarks if "reached day" in each.text and "Late" in each.text]
    assert reached.text.startswith("Late reached day 30. Confirmed: Feature adoption rate (Timeline) was 35%")
    assert (reached.owner, reached.basis) == (
        "team:studio",
        "Next: write down what was learnt, by 26 Nov 2026.",
    )
