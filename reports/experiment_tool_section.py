"""What the tool that runs an experiment made of it, beside what is read here, and why the two differ."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from reports import wording
from reports.experiment_words import measure_name, probability, signed, variant_name
from reports.experiments import Experiment, ToolResult
from reports.model import HealthReport
from reports.sections import Cell, Head, Row, Section, Table

_MOST_LEARNINGS = 30


def tool_results(report: HealthReport, experiment: Experiment) -> Section | None:
    """What the tool that runs the experiment made of it, beside ours, and why the two may differ."""
    say = report.say
    if not experiment.results or not experiment.is_told:
        return None
    rows: tuple[Row, ...] = tuple(_result(report, experiment, each) for each in experiment.results)
    table = Table(
        say.text("The tool's own result, as it was published last."),
        (
            Head(say.text("metric")),
            Head(say.text("variant")),
            Head(say.text("people"), True),
            Head(say.text("change"), True),
            Head(say.text("how sure"), True),
            Head(say.text("computed")),
        ),
        rows,
    )
    return Section(
        "tool",
        say.text("What the tool says"),
        (*_differences(report, experiment), *_causes(report, experiment)),
        tables=(table,),
    )


def learnings(report: HealthReport) -> Section | None:
    """What the organisation has learned, as the tool that it tries things with keeps it, with the experiments that speak of it."""
    say = report.say
    if not report.learnings:
        return None
    rows: tuple[Row, ...] = tuple(
        (
            Cell(each.title, note=each.status or ""),
            _names(report, each.supported),
            _names(report, each.contradicted),
            say.day(each.written_on) if each.written_on else wording.MISSING,
        )
        for each in report.learnings[:_MOST_LEARNINGS]
    )
    table = Table(
        say.text("What was learned, as it is written down in the tool; the newest {n}.", n=len(rows)),
        (
            Head(say.text("what was learned")),
            Head(say.text("spoken for by")),
            Head(say.text("against it")),
            Head(say.text("written down")),
        ),
        rows,
    )
    alone = sum(not each.supported and not each.contradicted for each in report.learnings)
    told = say.plural(
        "{n} learning names no experiment that is known here: nobody can tell what it rests on.",
        "{n} learnings name no experiment that is known here: nobody can tell what they rest on.",
        alone,
    )
    return Section("learnings", say.text("What was learned"), (told,) if alone else (), tables=(table,))


def _names(report: HealthReport, experiments: tuple[str, ...]) -> str:
    names = {each.experiment_id: each.name for each in report.experiments}
    return report.say.listed([names.get(each, each) for each in experiments]) or wording.MISSING


def _result(report: HealthReport, experiment: Experiment, result: ToolResult) -> Row:
    say = report.say
    sure = wording.MISSING
    if result.p_value is not None:
        sure = probability(report, result.p_value)
    elif result.chance_to_win is not None:
        sure = say.text("{share} better", share=say.percent(result.chance_to_win))
    note = ""
    if result.low is not None and result.high is not None:
        note = say.text("{low} to {high}", low=signed(report, result.low), high=signed(report, result.high))
    return (
        Cell(result.metric, note=report.source_name(result.source)),
        variant_name(experiment, result.variant),
        say.number(result.people) if result.people is not None else wording.MISSING,
        Cell(signed(report, result.effect), note=note),
        sure,
        say.day(_day(report, result.computed_at)) if result.computed_at else wording.MISSING,
    )


def _differences(report: HealthReport, experiment: Experiment) -> list[str]:
    """What the tool made of the primary effect, beside what is read here."""
    say = report.say
    ours = {each.variant: each for each in experiment.effects if each.role == "primary"}
    told = []
    for result in experiment.results:
        effect = ours.get(result.variant)
        if not result.is_primary or result.effect is None or effect is None or effect.change is None:
            continue
        told.append(
            say.text(
                "{variant}: {tool} says {theirs} for {metric}, here {measure} changed by {change}: {points} points apart.",
                variant=variant_name(experiment, result.variant),
                tool=report.source_name(result.source),
                theirs=signed(report, result.effect),
                metric=result.metric,
                measure=measure_name(report, effect),
                change=signed(report, effect.change),
                points=say.number(abs(result.effect - effect.change) * 100),
            )
        )
    return told


def _causes(report: HealthReport, experiment: Experiment) -> list[str]:
    """Why the tool's numbers are others than ours, as far as it shows: window, people left out, corrections."""
    say, told, results = report.say, [], experiment.results
    missed = max((_days_missed(report, experiment, each) for each in results), default=0)
    if missed > 0:
        told.append(
            say.plural(
                "Window: the tool took in {n} day less than is read here.",
                "Window: the tool took in {n} days less than are read here.",
                missed,
            )
        )
    people = {each.key: each.people for each in experiment.variants}
    others = sorted({each.variant for each in results if each.people not in (None, people.get(each.variant))})
    if others:
        theirs = {each.variant: each.people for each in results}
        counts = [
            say.text(
                "{variant}: {theirs} there, {ours} here",
                variant=variant_name(experiment, each),
                theirs=say.number(theirs[each] or 0),
                ours=say.number(people.get(each, 0)),
            )
            for each in others
        ]
        told.append(
            say.text(
                "People: the tool counts others ({counts}); here colleagues, robots, test accounts and whoever saw several variants are left out.",
                counts=say.semicolon.join(counts),
            )
        )
    if any(each.is_of_part for each in results):
        told.append(
            say.text(
                "People: the tool takes in a segment, a filter, an activation or finished conversions alone; here all count who were exposed."
            )
        )
    if any(each.is_adjusted for each in results):
        told.append(
            say.text(
                "Correction: the tool takes out what people did before, or weighs them by groups; here nothing is corrected."
            )
        )
    if any(each.is_sequential for each in results):
        told.append(
            say.text(
                "Correction: the tool's intervals hold at any time and are wider for it; here it is read once, at the end."
            )
        )
    if any(each.chance_to_win is not None for each in results):
        told.append(say.text("The tool reckons with chances to be better, which are no p values."))
    return told


def _days_missed(report: HealthReport, experiment: Experiment, result: ToolResult) -> int:
    """Days of the experiment, in the reporting time zone, that a result did not take in whole."""
    until, end = result.data_until or result.computed_at, experiment.ends_on
    if until is None or end is None:
        return 0
    return (end + timedelta(days=1) - _day(report, until)).days


def _day(report: HealthReport, moment: datetime) -> date:
    """Of a UTC moment, in the reporting time zone."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(report.reporting_time_zone)).date()
