"""The list of launches and the page of each: the verdict in a sentence, the metrics at each checkpoint, what to do next."""

from datetime import timedelta

import pandas as pd

from learning.verdicts import TAKEN_BACK_WITHIN_DAYS
from reports import charts, wording
from reports.language import N_
from reports.launch_words import (
    KPI_VERDICTS,
    REASONS,
    VERDICTS,
    how_far,
    is_overdue,
    method_text,
    metric_name,
    overlaps,
    reached,
    shown_interval,
    shown_value,
    target_text,
    verdict_sentence,
    what_next,
)
from reports.launches import Launch, LaunchKpi, Reading, killed_fast
from reports.model import HealthReport
from reports.sections import Cell, Figure, Head, Row, Section, Table, caveats, named, table_of, warning

# Launches that nobody declared are told so many of.
_MOST_FOUND = 20
_ROLES = {"primary": N_("primary"), "further": N_("further"), "guardrail": N_("guardrail")}
_KINDS = {"ga": N_("for everybody"), "beta": N_("beta"), "dark": N_("without a word")}
_FOUND_BY = {
    "feature": N_("its feature's day of launch"),
    "roadmap_item": N_("a roadmap item was released"),
    "fix_version": N_("the versions of an epic were released"),
    "flag": N_("a flag was opened to everybody"),
}


def launch_list(report: HealthReport) -> Section | None:
    """Declared launches with their verdicts, all verdicts alike, and those that nobody declared."""
    if not report.launches:
        return None
    say = report.say
    declared = [each for each in report.launches if each.is_declared]
    found = [each for each in report.launches if not each.is_declared]
    tables = [_declared(report, declared)] if declared else []
    if found:
        tables.append(_found(report, found))
    return Section(
        "all-launches",
        say.text("Launches and their verdicts"),
        tuple(_of_all(report, declared, found)),
        tables=tuple(tables),
        trust=caveats(report, (), ("launch",)),
    )


def launch_verdict(report: HealthReport, launch: Launch) -> Section:
    """What was expected, what came of it, and what to do next."""
    findings = [verdict_sentence(report, launch), *how_far(report, launch), what_next(report, launch)]
    return Section("verdict", launch.name, tuple(findings), tables=(_facts(report, launch),))


def launch_metrics(report: HealthReport, launch: Launch) -> Section | None:
    """Each metric against its target at each checkpoint, and how many took it up since."""
    say = report.say
    if not launch.kpis:
        return None
    checkpoints = [each.days for each in launch.kpis[0].readings]
    rows: tuple[Row, ...] = tuple(
        (
            Cell(metric_name(report, kpi), note=say.text(_ROLES[kpi.role])),
            target_text(report, kpi),
            *(_reading_cell(report, kpi, each) for each in kpi.readings),
        )
        for kpi in launch.kpis
    )
    table = Table(
        say.text("Each metric against its target, by days after the launch; below it the 95% interval."),
        (
            Head(say.text("metric")),
            Head(say.text("target"), True),
            *(Head(say.text("day {n}", n=days), True) for days in checkpoints),
        ),
        rows,
    )
    metrics = {each.metric for each in launch.kpis}
    return Section(
        "metrics",
        say.text("Metrics at each checkpoint"),
        tuple(overlaps(report, launch)),
        figures=tuple(_adoption(report, launch)),
        tables=(table,),
        trust=caveats(
            report, tuple({family for each in metrics for family in report.families(each)}), ("launch",)
        ),
    )


def _of_all(report: HealthReport, declared: list[Launch], found: list[Launch]) -> list[str]:
    say, told = report.say, []
    for launch, days in reached(report):
        told.append(
            say.text(
                "This week {launch} reached day {n}. {verdict}",
                launch=launch.name,
                n=days,
                verdict=verdict_sentence(report, launch),
            )
        )
    overdue = [each.name for each in declared if is_overdue(report, each)]
    if overdue:
        told.append(
            say.text(
                "Reviews overdue, nothing is written down of what was learnt: {names}.",
                names=say.listed(overdue),
            )
        )
    killed = killed_fast(declared, report.week_end)
    if killed.refuted:
        told.append(
            say.plural(
                "{n} launch was refuted {days} days ago or earlier; switched off: {off}.",
                "{n} launches were refuted {days} days ago or earlier; switched off: {off}.",
                killed.refuted,
                days=TAKEN_BACK_WITHIN_DAYS,
                off=killed.taken_back,
            )
        )
    if found:
        told.append(
            say.plural(
                "{n} launch of the last half year has no hypothesis.",
                "{n} launches of the last half year have no hypothesis.",
                len(found),
            )
        )
    return told


def _declared(report: HealthReport, launches: list[Launch]) -> Table:
    say, rows = report.say, []
    for launch in launches:
        deciding = launch.deciding
        kpi = deciding[0] if deciding else launch.primary
        assert kpi is not None
        assert launch.decides_on is not None
        value = Cell(wording.MISSING) if deciding is None else _reading_cell(report, *deciding)
        rows.append(
            (
                Cell(launch.name, link=launch.page),
                Cell(say.text(VERDICTS[launch.verdict]), note=_mark(report, launch)),
                named(report, launch.team_id),
                say.day(launch.launched_on),
                metric_name(report, kpi),
                target_text(report, kpi),
                value,
                say.day(launch.decides_on),
            )
        )
    return Table(
        say.text("Declared launches, the newest first."),
        (
            Head(say.text("launch")),
            Head(say.text("verdict")),
            Head(say.text("team")),
            Head(say.text("launched")),
            Head(say.text("metric")),
            Head(say.text("target"), True),
            Head(say.text("read"), True),
            Head(say.text("decides")),
        ),
        tuple(rows),
    )


def _found(report: HealthReport, launches: list[Launch]) -> Table:
    say = report.say
    rows: tuple[Row, ...] = tuple(
        (
            launch.name,
            named(report, launch.features[0]),
            say.day(launch.launched_on),
            say.text(_FOUND_BY[launch.found_by]),
        )
        for launch in launches[:_MOST_FOUND]
    )
    return Table(
        say.text("Launches that nobody declared: no hypothesis, so no verdict; the newest {n}.", n=len(rows)),
        (
            Head(say.text("launch")),
            Head(say.text("feature")),
            Head(say.text("launched")),
            Head(say.text("seen by")),
        ),
        rows,
    )


def _facts(report: HealthReport, launch: Launch) -> Table:
    """What the registry says of it, a row a thing that it says."""
    say = report.say
    rows: list[Row] = []

    def add(name: str, value: str | None) -> None:
        if value:
            rows.append((say.text(name), value))

    add(N_("what was expected"), launch.hypothesis)
    add(N_("features"), say.listed([named(report, each) for each in launch.features]))
    add(N_("kind"), say.text(_KINDS[launch.kind]) if launch.kind else None)
    add(N_("owner"), report.owner_name(launch.owner) if launch.owner else None)
    add(N_("launched"), say.day(launch.launched_on))
    if launch.deployed_on is not None and launch.days_from_deployment is not None:
        add(
            N_("deployed"),
            say.plural(
                "{day}, {n} day before the launch",
                "{day}, {n} days before the launch",
                launch.days_from_deployment,
                day=say.day(launch.deployed_on),
            ),
        )
    if launch.defined_at is not None:
        add(N_("first read in the registry"), say.day(launch.defined_at.date()))
    add(N_("switched off"), say.day(launch.switched_off_on) if launch.switched_off_on else None)
    add(N_("planned audience"), say.number(launch.planned_audience) if launch.planned_audience else None)
    add(N_("budget"), f"{say.number(launch.budget)} {report.currency}" if launch.budget else None)
    add(N_("what was learnt"), launch.retrospective)
    return Table(
        say.text("What the registry says of the launch."),
        (Head(say.text("what")), Head(say.text("in the registry"))),
        tuple(rows),
    )


def _mark(report: HealthReport, launch: Launch) -> str:
    return report.say.text("post-hoc") if launch.is_post_hoc else ""


def _adoption(report: HealthReport, launch: Launch) -> list[Figure]:
    """How the share of those who may use its main feature, and do, went since the week of the launch."""
    say, feature = report.say, launch.features[0]
    rows = report.series("feature_adoption_rate", feature_id=feature)
    rows = rows[
        rows["value"].notna()
        & (rows["period_start"] > launch.launched_on - timedelta(days=7))
        & (rows["period_start"] <= report.week_start)
    ]
    if len(rows) < 2:
        return []
    rows = rows.assign(feature=named(report, feature))
    targets = [
        each.at_least
        for each in launch.kpis
        if each.metric == "feature_adoption_rate" and feature in each.members and not each.is_change
    ]
    title = say.text("Adoption of {feature} since the launch", feature=named(report, feature))
    return [
        Figure(
            say.text(
                "Share of the active people who may use it and did, by week since the launch. Dashed: target."
            ),
            charts.lines(
                pd.DataFrame(rows),
                "feature",
                say.text("adoption"),
                title,
                say,
                "percent",
                next(iter(targets), None),
            ),
            table_of(
                report, title, rows, ("period_start", say.text("week of")), "feature", "feature_adoption_rate"
            ),
            warning(report, "feature_adoption_rate"),
        )
    ]


def _reading_cell(report: HealthReport, kpi: LaunchKpi, reading: Reading) -> Cell:
    say = report.say
    if reading.value is None:
        return Cell(wording.MISSING, note=say.text(REASONS.get(reading.reason or "", "–")))
    verdict = say.text(KPI_VERDICTS[reading.verdict])
    why = "" if reading.reason is None else say.text(REASONS[reading.reason])
    note = say.semicolon.join(
        filter(None, (verdict, shown_interval(report, kpi, reading), method_text(report, reading), why))
    )
    return Cell(shown_value(report, kpi, reading), note=note)
