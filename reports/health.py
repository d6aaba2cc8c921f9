"""The weekly health report: pages for its readers, all made from the same numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from reports import check_words, headlines
from reports.changes import Change, nothing_else, state_names, what_changed
from reports.customer_section import customers
from reports.data_status import data_status
from reports.delivery_section import delivery, engineering
from reports.experiment_pages import (
    experiment_effects,
    experiment_list,
    experiment_people,
    experiment_verdict,
)
from reports.experiment_tool_section import learnings, tool_results
from reports.experiments import Experiment
from reports.irritant_section import irritants
from reports.language import N_, Language
from reports.launch_items_section import launch_indicators, launch_items
from reports.launch_pages import launch_list, launch_metrics, launch_verdict
from reports.launch_section import launches
from reports.launches import Launch
from reports.model import HealthReport
from reports.month_section import months
from reports.north_star_section import north_star
from reports.objectives import STATUS, Objective, decisions, objectives, worst
from reports.people_sections import funnel, retention
from reports.product_sections import adoption, audience
from reports.roadmap_section import roadmap
from reports.sections import Section
from reports.signal_section import launch_signals, weak_signals
from reports.support_section import support
from reports.voice_section import feedback, pulse, satisfaction
from reports.work_section import in_flight
from settings.shown_text import plain_lines

INDEX = "index.html"
_Build = Callable[[HealthReport], Section | None]
_Built = dict[_Build, Section | None]


@dataclass(frozen=True)
class Audience:
    """Who a page is for: its file, its name, its headline numbers and its sections, in order."""

    file: str
    name: str
    metrics: Sequence[str]
    sections: tuple[_Build, ...]
    # One page: no tables behind the charts, no checks and coverage.
    is_short: bool = False
    # The metrics whose changes are told; None: all.
    topics: frozenset[str] | None = None
    # The features and the team whose changes alone are told; None: all, and the whole.
    members: frozenset[str] | None = None
    # Of whom the headlines are; None: of all.
    team: str | None = None
    has_changes: bool = True
    # The checks that did not pass; and what every source leaves out, which is long and read by few.
    has_whole_status: bool = False
    has_coverage: bool = False
    # Whether every page leads to it; what does not is reached by the page that lists it.
    is_listed: bool = True


@dataclass(frozen=True)
class Minute:
    """How each objective stands, and the three things to know."""

    objectives: Sequence[Objective]
    lines: Sequence[Change]


EVERYBODY = Audience(
    INDEX,
    N_("Overview"),
    headlines.ALL,
    (
        north_star,
        customers,
        launches,
        in_flight,
        adoption,
        retention,
        funnel,
        delivery,
        lambda report: support(report, is_brief=True),
        satisfaction,
        lambda report: feedback(report, is_brief=True),
        weak_signals,
    ),
    has_whole_status=True,
)
AUDIENCES = (
    EVERYBODY,
    Audience(
        "leadership.html",
        N_("Leadership"),
        headlines.LEADERSHIP,
        (north_star, lambda report: customers(report, is_brief=True), launches),
        is_short=True,
    ),
    Audience(
        "support.html",
        N_("Support and marketing"),
        headlines.SUPPORT,
        (support, irritants, satisfaction, feedback, launches, audience, funnel),
        topics=frozenset({*headlines.SUPPORT, "funnel_conversion_rate", "zombie_features"}),
    ),
    Audience(
        "tech.html",
        N_("Tech"),
        headlines.TECH,
        (delivery, engineering, lambda report: in_flight(report, None, True), roadmap, pulse),
        topics=frozenset(headlines.TECH),
        has_whole_status=True,
        has_coverage=True,
    ),
    Audience(
        "months.html", N_("Months"), (), (lambda report: months(report, headlines.ALL),), has_changes=False
    ),
)
LAUNCH_LIST = Audience("launches.html", N_("Launches"), (), (launch_list,), has_changes=False)
EXPERIMENT_LIST = Audience(
    "experiments.html", N_("Experiments"), (), (experiment_list, learnings), has_changes=False
)


def render(report: HealthReport, file: str = INDEX) -> str:
    """One page of the week, by its file name: complete HTML. The same report gives the same page."""
    (page,) = [each for each in all_audiences(report) if each.file == file]
    return _page(report, page, {})


def render_pages(report: HealthReport) -> dict[str, str]:
    """All pages of the week, by file name: everybody's, one for each audience, and one for each team."""
    built: _Built = {}
    return {each.file: _page(report, each, built) for each in all_audiences(report)}


def all_audiences(report: HealthReport) -> tuple[Audience, ...]:
    """Every page of the week: those of all organisations, of each team, of launches and experiments and of each of them."""
    return (*AUDIENCES, *team_audiences(report), *launch_audiences(report), *experiment_audiences(report))


def launch_audiences(report: HealthReport) -> tuple[Audience, ...]:
    """The list of launches, where there are any, and a page for each that the registry declares."""
    if not report.launches:
        return ()
    return (LAUNCH_LIST, *(_of_launch(each) for each in report.launches if each.is_declared))


def _of_launch(launch: Launch) -> Audience:
    return Audience(
        launch.page,
        launch.name,
        (),
        (
            lambda report: launch_verdict(report, launch),
            lambda report: launch_metrics(report, launch),
            lambda report: launch_items(report, launch),
            lambda report: launch_indicators(report, launch),
            lambda report: launch_signals(report, launch),
        ),
        has_changes=False,
        is_listed=False,
    )


def experiment_audiences(report: HealthReport) -> tuple[Audience, ...]:
    """The list of experiments, where there are any, and a page for each."""
    if not report.experiments:
        return ()
    return (EXPERIMENT_LIST, *(_of_experiment(each) for each in report.experiments))


def _of_experiment(experiment: Experiment) -> Audience:
    return Audience(
        experiment.page,
        experiment.name,
        (),
        (
            lambda report: experiment_verdict(report, experiment),
            lambda report: experiment_people(report, experiment),
            lambda report: experiment_effects(report, experiment),
            lambda report: tool_results(report, experiment),
        ),
        has_changes=False,
        is_listed=False,
    )


def team_audiences(report: HealthReport) -> tuple[Audience, ...]:
    """A page for each team that owns features or has a number of the week: its delivery, its features, what customers say."""
    found, values = set(report.features.get("team_id", pd.Series(dtype=object)).dropna()), report.values
    of_week = values.loc[values["period_start"] == report.week_start, "team_id"].dropna()
    # In brackets stand the members that are no team.
    found |= {team for team in of_week if not str(team).startswith("(")}
    return tuple(_of_team(report, str(team)) for team in sorted(found))


def _of_team(report: HealthReport, team: str) -> Audience:
    known = report.features
    features = () if known.empty else tuple(known.loc[known["team_id"] == team, "feature_id"])
    return Audience(
        f"team-{team}.html",
        report.name(team),
        headlines.TEAM,
        (
            lambda report: in_flight(report, team, True),
            lambda report: delivery(report, team),
            lambda report: adoption(report, team),
            lambda report: engineering(report, team),
            lambda report: support(report, features),
            lambda report: satisfaction(report, features),
            lambda report: feedback(report, features),
            lambda report: launches(report, team),
            lambda report: pulse(report, team),
        ),
        members=frozenset({team, *features}),
        team=team,
    )


def _page(report: HealthReport, page: Audience, built: _Built) -> str:
    """`built`: sections that another page of the same report has too."""
    say = report.say
    failed = [check for check in report.checks if not check.passed]
    for build in page.sections:
        if build not in built:
            built[build] = build(report)
    sections = [section for build in page.sections if (section := built[build]) is not None]
    others = [
        (each.file, say.text(each.name), each.file == page.file)
        for each in all_audiences(report)
        if each.is_listed
    ]
    return template("health.html.j2", say).render(
        report=report,
        page=page,
        owner=report.owner_name,
        title=say.text("Product Ops health report, {week}", week=report.week),
        span=say.week(report.week_start),
        others=others,
        changes=what_changed(report, page.topics, page.members) if page.has_changes else [],
        minute=_minute(report, page),
        statuses=STATUS,
        asked=decisions(report, page.topics, page.members) if page.has_changes else [],
        nothing_else=nothing_else(report, page.topics, page.members),
        states=state_names(),
        headlines=headlines.headlines(report, page.metrics, page.team),
        behind=[] if page.team else headlines.behind(report, page.metrics),
        sections=sections,
        failed=failed,
        passed_count=len(report.checks) - len(failed),
        stale=[report.source_name(source.source) for source in report.sources if source.is_stale],
        status=data_status(report),
    )


def _minute(report: HealthReport, page: Audience) -> Minute | None:
    """What the page says in one minute; the pages of teams and topics begin with what changed."""
    if page.members is not None or page.topics is not None or not page.has_changes:
        return None
    found = Minute(objectives(report), worst(what_changed(report)))
    return found if found.objectives or found.lines else None


def _without_steering(value: object) -> object:
    """What a page prints of other people's text, without what turns a line around; our own markup as it is."""
    return plain_lines(value) if type(value) is str else value


def template(name: str, say: Language) -> Template:
    """A template that speaks a language: `t` says a message, `tn` the form for a number, `said` somebody else's text."""
    return _environment(say).get_template(name)


@cache
def _templates() -> FileSystemLoader:
    return FileSystemLoader(Path(__file__).parent / "templates")


@cache
def _environment(say: Language) -> Environment:
    """One a language, whose templates are compiled once for all pages."""
    environment = Environment(
        loader=_templates(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_without_steering,
    )
    environment.globals.update(
        t=say.text,
        tn=say.plural,
        said=say.said,
        say=say,
        meaning=partial(check_words.marked_meaning, say),
        observed=partial(check_words.observed, say),
    )
    environment.tests["missing"] = lambda value: value is None or pd.isna(value)
    return environment
