"""Pages of experiments: what a reader is told, as sentences and in tables, in both languages."""

import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from learning.verdicts import ExperimentVerdict
from reports.digest import digest_of
from reports.experiment_tool_section import learnings, tool_results
from reports.experiment_words import ended, verdict_sentence, what_next
from reports.experiments import Experiment, ToolResult, as_of_week
from reports.files import views
from reports.health import all_audiences, render
from reports.language import language
from tests.experiments_fixture import experiment, experiments
from tests.experiments_fixture import learnings as kept_learnings
from tests.reports_fixture import report


def named(name: str) -> Experiment:
    return next(each for each in experiments() if each.experiment_id == name)


@pytest.mark.parametrize(
    ("name", "said", "next_step"),
    [
        (
            "hints",
            "Confirmed: share who used it (Timeline) went from 20% to 40% with Hints, +100% (+40% to +160%, n = 300); what was "
            "expected was at least +10%. The whole interval keeps the bound.",
            "Next: give it to everybody, and remove the flag.",
        ),
        (
            "running",
            "Not yet: it is read once, after 29 Nov 2026; who reads it each day finds something sooner or later.",
            "Next: let it run, 14 days are left; read it on 30 Nov 2026.",
        ),
        (
            "broken",
            "Not to be trusted: people were not split as planned (129 and 53 instead of 50% and 50%); chance alone does that less "
            "than once in 1,000. No effect is told.",
            "Next: find out who is missing in which variant, and begin it anew.",
        ),
        (
            "breached",
            "Refuted: tickets, a person went from 0.50 to 1.00 with Hints, +100% (+50% to +150%, n = 300); what was expected was at "
            "most +20%. A breached guardrail overrides the primary effect.",
            "Next: switch it off, and write down what was learnt.",
        ),
        (
            "flat",
            "Inconclusive: share who used it (Timeline) went from 20% to 40% with Hints, +2.0% (−30% to +34%, n = 300); what was "
            "expected was at least +10%. The bound lies within what chance allows.",
            "Next: decide without numbers, or try it on more people.",
        ),
        (
            "nothing",
            "Inconclusive: the effect was not measured: nothing was counted under the control.",
            "Next: decide without numbers, or try it on more people.",
        ),
        (
            "hasty",
            "Stopped early, on 30 Oct 2026 instead of 29 Nov 2026: whoever stops when it looks good sees effects that there are not, "
            "so there is no verdict.",
            "Next: decide without numbers, or begin it anew and let it run to its end.",
        ),
        (
            "growthbook:7",
            "No hypothesis: nobody said before the experiment what was expected, so nothing can be confirmed.",
            "Next: write down in experiments.yml what is expected of the next one, before it begins.",
        ),
    ],
)
def test_each_verdict_has_its_sentence_and_its_next_step(name: str, said: str, next_step: str) -> None:
    given = report(experiments=experiments())
    assert verdict_sentence(given, named(name)) == said
    assert what_next(given, named(name)) == next_step


def test_each_experiment_has_a_page_that_the_list_leads_to() -> None:
    given = report(experiments=experiments())
    files = [each.file for each in all_audiences(given)]
    of_each = {name for name in files if name.startswith("experiment-")}
    assert len(of_each) == len(experiments())
    assert "experiment-growthbook-7.html" in of_each
    page = render(given, "experiments.html")
    assert set(re.findall(r'href="(experiment-[^"]+)"', page)) == of_each
    assert 'href="experiments.html"' in render(given, "experiment-flat.html")
    assert "Post-hoc: what was expected was written after" in render(given, "experiment-running.html")
    flat = render(given, "experiment-flat.html")
    assert "75% of the 400 people that were planned took part" in flat
    assert "4 people were shown several variants and count in none." in flat


def test_no_effect_is_told_of_what_is_not_over_or_was_split_wrongly() -> None:
    given = report(experiments=experiments())
    for name in ("running", "broken"):
        page = render(given, f"experiment-{name}.html")
        assert 'id="effects"' not in page
        assert 'id="people"' in page
    assert "under 0.001" in render(given, "experiment-broken.html")
    listed = render(given, "experiments.html")
    (row,) = re.findall(r"<tr>(?:(?!</tr>).)*experiment-broken.*?</tr>", listed, re.DOTALL)
    assert "+100%" not in row


def test_the_tools_own_result_stands_beside_ours_with_why_it_differs() -> None:
    page = render(report(experiments=experiments()), "experiment-breached.html")
    assert 'id="effects"' in page
    for said in (
        "Hints: growthbook says +90% for Comments, here share who used it (Timeline) changed by +100%: 10 points apart.",
        # It took in what happened until the midnight in Berlin after 1 October, and the experiment ended on the 4th.
        "Window: the tool took in 3 days less than are read here.",
        "People: the tool counts others (Hints: 160 there, 152 here)",
        "People: the tool takes in a segment",
        "Correction: the tool takes out what people did before",
        "Correction: the tool&#39;s intervals hold at any time",
        "The tool reckons with chances to be better",
        "99% better",
        "p 0.040",
    ):
        assert said in page


def test_no_cause_is_told_of_a_result_that_is_like_ours() -> None:
    """At the midnight after the last day, in the company's own time zone, all days are taken in."""
    whole = ToolResult(
        "growthbook", "Timeline", "1", 152, 1.0, 0.4, 1.6, 0.001, None, datetime(2026, 11, 16), datetime(2026, 11, 15, 23),
        False, False, False, True,
    )  # fmt: skip
    section = tool_results(report(), experiment(results=(whole,)))
    assert section is not None
    assert section.findings == (
        "Hints: growthbook says +100% for Timeline, here share who used it (Timeline) changed by +100%: 0 points apart.",
    )
    early = replace(whole, data_until=datetime(2026, 11, 14, 23))
    section = tool_results(report(), experiment(results=(early,)))
    assert section is not None
    assert section.findings[1:] == ("Window: the tool took in 1 day less than is read here.",)


def test_what_was_learned_names_the_experiments_that_it_rests_on() -> None:
    kept = kept_learnings()
    section = learnings(report(experiments=experiments(), learnings=kept))
    assert section is not None
    (table,) = section.tables
    assert [[cell if isinstance(cell, str) else cell.text for cell in row] for row in table.rows] == [
        ["Hints help", "Hints", "Flat and elsewhere", "2 Nov 2026"],
        ["People read <little>", "–", "–", "–"],
    ]
    assert section.findings == (
        "1 learning names no experiment that is known here: nobody can tell what it rests on.",
    )
    page = render(report(experiments=experiments(), learnings=kept, say=language("fr")), "experiments.html")
    assert "Ce qui a été appris" in page
    assert "<little>" not in page
    assert learnings(report()) is None


def test_an_earlier_week_knows_nothing_of_what_came_later() -> None:
    before = as_of_week(named("hints"), date(2026, 11, 8))
    assert (before.verdict, before.deciding, before.days_left) == (ExperimentVerdict.NOT_YET, None, 7)
    assert not before.is_told
    unstopped = as_of_week(named("hasty"), date(2026, 10, 25))
    assert (unstopped.verdict, unstopped.stopped_on, unstopped.stop_reason) == (
        ExperimentVerdict.NOT_YET,
        None,
        None,
    )
    # What was split wrongly at the end may have been split well then.
    over = experiment(verdict=ExperimentVerdict.NOT_TRUSTED, decided_by=None)
    assert as_of_week(over, date(2026, 11, 8)).verdict is ExperimentVerdict.NOT_YET
    assert as_of_week(named("broken"), date(2026, 11, 15)).verdict is ExperimentVerdict.NOT_TRUSTED
    assert as_of_week(named("hints"), date(2026, 11, 15)) == named("hints")


def test_the_digest_tells_what_ended_and_what_is_split_wrongly() -> None:
    given = report(experiments=experiments())
    assert [each.experiment_id for each in ended(given)] == ["hints", "broken"]
    remarks = digest_of(given, [], [], "").findings
    (told,) = [each for each in remarks if each.text.startswith("Hints: Confirmed: ")]
    assert (told.owner, told.basis) == ("team:studio", "Next: give it to everybody, and remove the flag.")


def test_the_list_of_weeks_leads_to_the_list_of_experiments_alone(tmp_path: Path) -> None:
    for each in all_audiences(report(experiments=experiments())):
        (tmp_path / each.file).touch()
    shown = views(tmp_path)
    assert "experiments.html" in shown
    assert [name for name in shown if name.startswith("experiment-")] == []


def test_without_experiments_there_is_no_page() -> None:
    assert "experiments.html" not in [each.file for each in all_audiences(report())]


def test_pages_of_experiments_are_french() -> None:
    given = report(experiments=experiments(), say=language("fr"))
    files = [each.file for each in all_audiences(given) if "experiment" in each.file]
    pages = {file: render(given, file) for file in files}
    for english in (
        "Confirmed",
        "Refuted",
        "Next:",
        "not yet",
        "Post-hoc",
        "whole interval",
        "first read",
        "people",
    ):
        assert [name for name, page in pages.items() if re.search(rf">[^<]*\b{english}", page)] == [], english
    assert "Pas fiable" in pages["experiment-broken.html"]
