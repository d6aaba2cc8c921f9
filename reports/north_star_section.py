"""The North Star on the first page: its value with the version of its definition, what it is made of, what moves it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from connectors.registry.north_star import NORTH_STAR
from reports import wording
from reports.language import N_
from reports.model import HealthReport
from reports.north_star import NorthStarPart
from reports.sections import (
    Head,
    Row,
    Section,
    Table,
    caveats,
    cell,
    count,
    margin,
    named,
    newest,
    number,
    row_of_week,
)

_ROLES = {"value": N_("is"), "numerator": N_("counts"), "denominator": N_("of")}


def north_star(report: HealthReport) -> Section | None:
    """None where the registry declares no North Star."""
    star = report.north_star
    if star is None:
        return None
    say = report.say
    parts = [*((0, each) for each in star.made_of), *star.inputs()]
    table = Table(
        say.text("What it is made of, and the inputs that move it; indented: what moves the line above."),
        (
            Head(say.text("what")),
            Head(say.text("metric")),
            Head(say.text("value"), True),
            Head(say.text("change on the week before"), True),
            Head(say.text("n"), True),
        ),
        tuple(_row(report, depth, each) for depth, each in parts),
    )
    families = {family for _, each in parts for family in report.families(each.metric)}
    return Section(
        NORTH_STAR.replace("_", "-"),
        say.text("North Star"),
        (_sentence(report),),
        tables=(table,),
        trust=caveats(report, tuple(sorted(families)), (NORTH_STAR,)),
    )


def version_text(report: HealthReport, metric: str) -> str:
    """What stands beside the value of the North Star: the version of its definition; empty for other metrics."""
    if metric != NORTH_STAR or report.north_star is None:
        return ""
    return report.say.text("definition, version {n}", n=report.north_star.version)


def _sentence(report: HealthReport) -> str:
    say, star = report.say, report.north_star
    assert star is not None
    definition, row = report.definitions.get(NORTH_STAR), row_of_week(report, NORTH_STAR)
    value = number(row.get("value"))
    if definition is None or value is None:
        return say.text(
            "{name}: no value this week ({version}).",
            name=star.name,
            version=version_text(report, NORTH_STAR),
        )
    before = number(newest(report, NORTH_STAR, report.week_start).get("value"))
    parts = (
        f"{wording.quantity(say, value, definition.unit)} {margin(report, NORTH_STAR, row)}".strip(),
        "" if before is None else wording.change(say, value, before, definition.unit),
        _counted(report, row),
        version_text(report, NORTH_STAR),
    )
    return f"{star.name}{say.colon}{say.semicolon.join(filter(None, parts))}."


def _counted(report: HealthReport, row: Mapping[str, object]) -> str:
    """`412 of 498`, where it is made of two numbers."""
    star = report.north_star
    assert star is not None
    if len(star.made_of) < 2:
        return ""
    return report.say.text(
        "{above} over {below}", above=count(report, row["numerator"]), below=count(report, row["denominator"])
    )


def _row(report: HealthReport, depth: int, part: NorthStarPart) -> Row:
    say, definition = report.say, report.definitions.get(part.metric)
    label = say.text(definition.label) if definition else part.metric
    of = ", ".join(named(report, each) for each in part.cut.values())
    # What is known of a week later than others is told of its last week.
    row = newest(report, part.metric, None, **part.cut)
    start = row.get("period_start")
    before = None
    if isinstance(start, date):
        before = number(newest(report, part.metric, start, **part.cut).get("value"))
    shown = cell(report, part.metric, row)
    if isinstance(start, date) and start < report.week_start:
        period = wording.period(say, "week", start)
        shown = replace(shown, note=say.semicolon.join(filter(None, (shown.note, period))))
    change = wording.MISSING
    if definition is not None:
        change = wording.change(say, number(row.get("value")), before, definition.unit)
    indent = "\N{NO-BREAK SPACE}" * 3 * (depth - 1)
    return (
        indent + (part.name or say.text(_ROLES[part.role])),
        f"{label} ({of})" if of else label,
        shown,
        change,
        count(report, row.get("n")),
    )
