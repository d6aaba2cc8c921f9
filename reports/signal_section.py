"""Weak signals of the week: numbers far from their own season, but for those that the findings judge by their own test."""

from collections.abc import Sequence

from reports import wording
from reports.contributions import member_name
from reports.launches import Launch
from reports.model import HealthReport
from reports.news import watched
from reports.sections import Cell, Head, Row, Section, Table
from reports.signals import Signal

_MOST = 10


def told_signals(report: HealthReport) -> list[Signal]:
    """The signals of numbers that no finding is about: one test decides of each number."""
    judged = {each.key for each in watched(report)}
    return [each for each in report.signals if each.key not in judged and each.metric in report.definitions]


def weak_signals(report: HealthReport) -> Section | None:
    """Numbers of the week far from what is usual at their weekday, with what else happened."""
    say, found = report.say, told_signals(report)
    if not found:
        return None
    told = say.plural(
        "Beside the numbers watched each week, {n} other lies farther from its usual than chance explains.",
        "Beside the numbers watched each week, {n} others lie farther from their usual than chance explains.",
        len(found),
    )
    return Section("signals", say.text("Weak signals"), (told,), tables=(_table(report, found),))


def launch_signals(report: HealthReport, launch: Launch) -> Section | None:
    """Numbers that were far from what is usual for them in the two weeks after a launch, of its members or of all."""
    say = report.say
    found = [each for each in launch.signals if each.metric in report.definitions]
    if not found:
        return None
    told = say.plural(
        "{n} number of the two weeks after the launch lies farther from its usual than chance explains. The farthest: {signal}",
        "{n} numbers of the two weeks after the launch lie farther from their usual than chance explains. The farthest: {signal}",
        len(found),
        signal=signal_sentence(report, found[0]),
    )
    return Section("signals", say.text("Far from usual"), (told,), tables=(_table(report, found),))


def signal_sentence(report: HealthReport, signal: Signal) -> str:
    """`Tickets created (Timeline), week of 5 Oct 2026: 60, expected 12.`"""
    definition = report.definitions[signal.metric]
    of = _members(report, signal)
    return report.say.text(
        "{metric}, {period}: {value}, expected {expected}.",
        metric=f"{report.say.text(definition.label)} ({of})" if of else report.say.text(definition.label),
        period=wording.period(report.say, signal.grain, signal.period_start),
        value=wording.quantity(report.say, signal.value, definition.unit),
        expected=wording.quantity(report.say, signal.expected, definition.unit),
    )


def _table(report: HealthReport, found: Sequence[Signal]) -> Table:
    say = report.say
    rows: tuple[Row, ...] = tuple(_row(report, each) for each in found[:_MOST])
    return Table(
        say.text(
            "The farthest {n}, beside what the eight weeks before and their trend let expect at the same weekday.",
            n=len(rows),
        ),
        (
            Head(say.text("metric")),
            Head(say.text("of")),
            Head(say.text("period")),
            Head(say.text("value"), True),
            Head(say.text("expected"), True),
            Head(say.text("what else happened")),
        ),
        rows,
    )


def _row(report: HealthReport, signal: Signal) -> Row:
    say, definition = report.say, report.definitions[signal.metric]
    names = {each.launch_id: each.name for each in report.launches}
    happened = [names.get(each, each) for each in signal.launches] + [
        say.day(each) for each in signal.holidays
    ]
    return (
        say.text(definition.label),
        _members(report, signal) or wording.MISSING,
        wording.period(say, signal.grain, signal.period_start),
        wording.quantity(say, signal.value, definition.unit),
        wording.quantity(say, signal.expected, definition.unit),
        Cell(say.listed(happened) if happened else wording.MISSING),
    )


def _members(report: HealthReport, signal: Signal) -> str:
    return ", ".join(member_name(report, cut, member) for cut, member in signal.cut.items())
