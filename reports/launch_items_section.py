"""Two sections of a launch's page: what was ready at go and is now, and what bugs, incidents and tickets said after it."""

from reports import wording
from reports.language import N_
from reports.launch_items import LaunchIndicator, LaunchItem
from reports.launches import Launch
from reports.model import HealthReport
from reports.sections import Cell, Head, Row, Section, Table, caveats, named
from settings.units import Unit

_KINDS = {
    "approval": N_("approval"),
    "dependency": N_("dependency"),
    "event": N_("event seen"),
    "risk": N_("risk"),
    "communication": N_("communication"),
    "action": N_("action"),
}
# What must be done before; an action comes of the retrospective, and a risk may stay with its workaround.
_BEFORE_GO = ("approval", "dependency", "event")
_STATES = {"done": N_("done"), "open": N_("open"), "unknown": N_("unknown")}
_LEVELS = {"low": N_("low"), "medium": N_("medium"), "high": N_("high"), "critical": N_("critical")}
_INDICATORS = {
    "open_bugs_at_go": N_("open bugs at go"),
    "open_bugs_now": N_("open bugs now"),
    "escaped_defects": N_("bugs found in the thirty days after"),
    "incidents": N_("incidents of the team in the thirty days"),
    "acknowledge_seconds": N_("time to acknowledge on the day"),
    "resolve_seconds": N_("time to resolve on the day"),
    "tickets": N_("tickets in the thirty days"),
}
_STATUS = {"so_far": N_("so far"), "not_yet": N_("still to come"), "unknown": N_("no tool tells")}


def launch_items(report: HealthReport, launch: Launch) -> Section | None:
    """Approvals, dependencies, events, risks, communications and actions, as they stood at go and as they stand."""
    say, items = report.say, launch.around.items
    if not items:
        return None
    table = Table(
        say.text("What had to be done, known or seen around the launch: at the end of its day, and now."),
        (
            Head(say.text("what")),
            Head(say.text("kind of thing")),
            Head(say.text("who")),
            Head(say.text("at go")),
            Head(say.text("now")),
        ),
        tuple(_item_row(report, each) for each in items),
    )
    missing = [each.text for each in items if each.kind in _BEFORE_GO and each.state_at_go == "open"]
    findings = (
        (
            say.plural(
                "{n} thing was open at go: {names}.",
                "{n} things were open at go: {names}.",
                len(missing),
                names=say.listed(missing),
            ),
        )
        if missing
        else ()
    )
    return Section("items", say.text("Ready to go, and now"), findings, tables=(table,))


def launch_indicators(report: HealthReport, launch: Launch) -> Section | None:
    """Bugs, incidents and tickets around the launch, and tickets against what was expected."""
    say, indicators = report.say, launch.around.indicators
    if not indicators:
        return None
    table = Table(
        say.text("Bugs, incidents and tickets around the launch; thirty days begin with its own."),
        (Head(say.text("indicator")), Head(say.text("seen"), True), Head(say.text("expected"), True)),
        tuple(_indicator_row(report, each) for each in indicators),
    )
    tickets = next((each for each in indicators if each.indicator == "tickets"), None)
    findings: tuple[str, ...] = ()
    if tickets is not None and tickets.value is not None and tickets.expected is not None:
        findings = (
            say.text(
                "{seen} tickets came in the thirty days, {expected} were expected.",
                seen=say.number(tickets.value),
                expected=say.number(tickets.expected),
            ),
        )
    return Section(
        "indicators",
        say.text("After the launch"),
        findings,
        tables=(table,),
        trust=caveats(report, ("delivery", "support"), ("launch",)),
    )


def _item_row(report: HealthReport, item: LaunchItem) -> Row:
    say = report.say
    notes = (
        say.text("criticality {level}", level=say.text(_LEVELS[item.criticality]))
        if item.criticality
        else "",
        say.text("workaround: {text}", text=item.workaround) if item.workaround else "",
        say.text("due {day}", day=say.day(item.due_on)) if item.due_on and item.state_now != "done" else "",
    )
    return (
        Cell(item.text, note=say.semicolon.join(filter(None, notes))),
        say.text(_KINDS[item.kind]),
        report.owner_name(item.owner) if item.owner else wording.MISSING,
        _state(report, item.state_at_go, item.seen_at_go),
        _state(report, item.state_now, item.seen_now),
    )


def _state(report: HealthReport, state: str, seen: int | None) -> Cell:
    say = report.say
    note = "" if seen is None else say.text("{n} seen", n=say.number(seen))
    return Cell(say.text(_STATES[state]), note=note)


def _indicator_row(report: HealthReport, each: LaunchIndicator) -> Row:
    say, name = report.say, each.indicator.partition(":")[0]
    unit = Unit.SECONDS if name.endswith("_seconds") else Unit.COUNT
    label = say.text(_INDICATORS[name])
    if each.theme_id is not None:
        label = say.text("of the theme {theme}", theme=named(report, each.theme_id))
    why = _STATUS.get(each.data_status, "")
    if each.data_status == "unknown" and unit is Unit.SECONDS:
        why = N_("no incident on the day, or no tool tells")
    value = wording.MISSING if each.value is None else wording.quantity(say, each.value, unit)
    expected = wording.MISSING if each.expected is None else say.number(each.expected)
    return (label, Cell(value, note=say.text(why) if why else ""), expected)
