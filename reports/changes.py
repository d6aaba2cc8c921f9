"""What changed, what is still open and what is over, as sentences: made from findings by fixed rules.

Each says what, beside what is usual; where, from the published cuts; and who is asked. No cause is claimed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from connectors.registry.remarks import Remark
from reports import wording
from reports.contributions import member_name, where
from reports.findings import Finding, findings
from reports.language import N_
from reports.model import HealthReport
from reports.news import Reading, Series, readings, watched
from reports.sections import TREND_WEEKS, count, margin, number, warning
from reports.usual import Period
from settings.units import Chance, Unit

# What a whole number says; `moved` holds it against what is usual.
_SAID = {
    "active_users_week": N_("{value} people were active, {moved}."),
    "new_users": N_("{value} people used the product for the first time, {moved}."),
    "retention_rate_d7": N_("{value} of the new people came back on day 7, {moved}."),
    "stickiness_ratio": N_("{value} of the month's users are there on an average day, {moved}."),
    "on_time_rate": N_("{value} of the work due was done by its first date, {moved}."),
    "issue_lead_time_seconds_median": N_("Half of the delivered issues took {value} or less from creation to done, {moved}."),
    "issue_cycle_time_seconds_median": N_("Half of the delivered issues took {value} or less from the start of work to done, {moved}."),
    "change_lead_time_seconds_median": N_("Half of the changes reached production within {value} of their first commit, {moved}."),
    "change_failure_rate": N_("{value} of the deployments led to an incident, {moved}."),
    "sprint_predictability": N_("{value} of what sprints committed to was done in them, {moved}."),
    "tickets_created": N_("{value} tickets were created, {moved}."),
    "contact_rate": N_("{value} tickets came in per 1,000 active users, {moved}."),
    "first_reply_seconds_median": N_("Half of the tickets had a first reply within {value}, {moved}."),
    "full_resolution_seconds_median": N_("Half of the tickets were solved for good within {value}, {moved}."),
    "sla_attainment_rate": N_("{value} of the promised times were kept, {moved}."),
    "one_touch_rate": N_("{value} of the solved tickets needed one reply, {moved}."),
    "ticket_csat_rate": N_("{value} of the rated tickets have a good rating, {moved}."),
    "csat_rate": N_("{value} of the answers on features are satisfied ones, {moved}."),
    "nps": N_("The net promoter score is {value}, {moved}."),
}  # fmt: skip
# What a part says that lies apart from the others.
_APART = {
    "on_time_rate": N_("{name} keeps {rate} of its first due dates, the others {others}."),
    "csat_rate": N_("{name}: {rate} of the answers are satisfied ones, on the other features {others}."),
}


@dataclass(frozen=True)
class Change:
    """A sentence worth reading. `where`: which parts it comes from; `basis`: n, period and what it is held against.

    `state`: new, open or closed; `since`: in words, empty for a new one. `owner`: of the thing, not of the metric.
    `remarks`: what the organisation wrote about it. `caution`: what is wrong with its source.
    """

    text: str
    where: str
    basis: str
    judgement: str
    caution: str
    metric: str
    key: str
    state: str
    since: str
    owner: str
    remarks: tuple[Remark, ...]


def what_changed(
    report: HealthReport, metrics: Collection[str] | None = None, members: Collection[str] | None = None
) -> list[Change]:
    """Every finding that is new, open or was closed this week: new ones first, the worse before the better.

    `metrics`: those that an audience cares for; `members`: the parts that it owns, and then nothing of the whole.
    Default: all.
    """
    # What a whole says, its parts need not say again: they stand in its line.
    told = {each.key for each in findings(report) if each.state != "closed"}
    return [
        change
        for finding in findings(report)
        if (metrics is None or finding.metric in metrics)
        and not (members is None and finding.opened and finding.member and finding.metric in told)
        and (members is None or (finding.member and finding.member[1] in members))
        and (change := _change(report, finding)) is not None
    ]


def nothing_else(
    report: HealthReport, metrics: Collection[str] | None = None, members: Collection[str] | None = None
) -> str:
    """How many numbers stayed within what is usual, a finding as well, and how many could not be judged. Empty for none."""

    def concerns(series: Series) -> bool:
        return (metrics is None or series.metric in metrics) and (
            members is None or bool(series.member and series.member[1] in members)
        )

    say = report.say
    judged = [each for each in readings(report).values() if concerns(each.series)]
    left = sum(1 for each in watched(report) if concerns(each)) - len(judged)
    moved = sum(1 for each in judged if each.is_news)
    usual = len(judged) - moved
    told = []
    if usual and moved:
        told.append(
            say.plural(
                "Of the numbers watched each week nothing else moved: {n} other stayed within what is usual.",
                "Of the numbers watched each week nothing else moved: {n} others stayed within what is usual.",
                usual,
            )
        )
    elif usual:
        told.append(
            say.plural(
                "Nothing moved: the {n} number that could be judged is as usual.",
                "Nothing moved: the {n} numbers that could be judged are as usual.",
                usual,
            )
        )
    if left:
        told.append(
            say.plural(
                "{n} number could not be judged: too few cases or periods, or nothing new this week.",
                "{n} numbers could not be judged: too few cases or periods, or nothing new this week.",
                left,
            )
        )
    return " ".join(told)


def _change(report: HealthReport, finding: Finding) -> Change | None:
    say = report.say
    definition = report.definitions[finding.metric]
    if finding.apart is not None:
        text, place, basis = _apart(report, finding)
    elif finding.state == "new" and finding.opened is not None:
        text, place = _new(report, finding.opened), where(report, finding.opened)
        basis = _basis(report, finding.opened)
    elif finding.opened is not None and finding.now is not None:
        text, basis = _later(report, finding, finding.opened, finding.now)
        place = where(report, finding.opened) if finding.state == "open" else ""
    else:
        return None
    member = finding.member[1] if finding.member else ""
    return Change(
        text=text,
        where=place,
        basis=basis,
        judgement=finding.judgement if finding.state != "closed" else "even",
        caution=warning(report, finding.metric),
        metric=finding.metric,
        key=finding.key,
        state=finding.state,
        since="" if finding.state == "new" else say.text("since the week of {day}", day=say.day(finding.since)),
        owner=report.owners.get(member, definition.owner),
        remarks=tuple(each for each in report.remarks if each.is_about(finding.key)),
    )  # fmt: skip


def _new(report: HealthReport, reading: Reading) -> str:
    say, series = report.say, reading.series
    unit = report.definitions[series.metric].unit
    moved = _against_usual(report, reading)
    value = wording.quantity(say, reading.now.value, unit)
    if series.member:
        return say.text("{name}: {value}, {moved}.", name=_title(report, series), value=value, moved=moved)
    told = say.text(_SAID[series.metric], value=value, moved=moved)
    target = report.targets.get(series.metric)
    if target is not None and not target.is_met(reading.now.value):
        told += " " + say.text("The {target} is missed.", target=target_text(report, series.metric))
    return told


def _against_usual(report: HealthReport, reading: Reading) -> str:
    say, usual = report.say, reading.usual
    low, high = _ends(report, reading)
    if reading.now.value > usual.high:
        return say.text("above the usual {low} to {high}", low=low, high=high)
    return say.text("below the usual {low} to {high}", low=low, high=high)


def _ends(report: HealthReport, reading: Reading) -> tuple[str, str]:
    unit = report.definitions[reading.series.metric].unit
    return wording.ends(report.say, reading.usual.low, reading.usual.high, unit)


def _title(report: HealthReport, series: Series) -> str:
    label = report.say.text(report.definitions[series.metric].label)
    return f"{label} · {member_name(report, *series.member)}" if series.member else label


def _later(report: HealthReport, finding: Finding, opened: Reading, now: Period) -> tuple[str, str]:
    say = report.say
    unit = report.definitions[finding.metric].unit
    low, high = _ends(report, opened)
    value, then = (wording.quantity(say, each.value, unit) for each in (now, opened.now))
    title = _title(report, opened.series)
    if finding.state == "open":
        text = say.text(
            "{name}: {value}, still outside {low} to {high}, which was usual before.",
            name=title,
            value=value,
            low=low,
            high=high,
        )
    elif finding.is_new_level:
        text = say.text(
            "{name}: {value} has been the level for {n} weeks and is the new usual.",
            name=title,
            value=value,
            n=TREND_WEEKS,
        )
    else:
        text = say.text(
            "{name}: {value}, back within the usual {low} to {high}.",
            name=title,
            value=value,
            low=low,
            high=high,
        )
    grain = report.definitions[finding.metric].grain
    if now.start == opened.now.start:
        told = say.text("{period}; nothing newer yet", period=wording.period(say, grain, now.start))
        return text, " · ".join(filter(None, (_n(report, finding.metric, now), told)))
    return text, say.text(
        "{period}; {then} when it was found, {first}",
        period=wording.period(say, grain, now.start),
        then=then,
        first=wording.period(say, grain, opened.now.start),
    )


def _basis(report: HealthReport, reading: Reading) -> str:
    """n and period; the middle of what is usual, the four periods before and the year before; the chance of it."""
    say, series, now = report.say, reading.series, reading.now
    definition = report.definitions[series.metric]
    parts = [each for each in (_n(report, series.metric, now),) if each]
    parts.append(wording.period(say, definition.grain, now.start))
    parts += comparisons(report, series.metric, now.start, reading, **series.dimensions)
    parts.append(
        say.text(
            "by chance in {p} of 100, corrected for the {n} numbers looked at",
            p="<\u202f0.1" if reading.p < 0.001 else say.number(100 * reading.p, 1),
            n=sum(1 for each in readings(report).values() if bool(each.series.member) == bool(series.member)),
        )
    )
    return " · ".join(parts)  # fmt: skip


def _n(report: HealthReport, metric: str, now: Period) -> str:
    """The cases of a period; empty of a count, which is its own."""
    if now.trials is None or report.definitions[metric].unit.chance is Chance.COUNT:
        return ""
    return f"n = {count(report, now.trials)}"


def comparisons(
    report: HealthReport, metric: str, start: date, reading: Reading | None, **dimensions: str
) -> list[str]:
    """A period beside the band's middle, the four periods before and the same one a year before; each says which."""
    say, definition = report.say, report.definitions[metric]
    rows = report.series(metric, **dimensions)
    rows = rows[rows["value"].notna()]
    before = rows[rows["period_start"] < start]
    found = []
    if reading is not None:
        middle = wording.quantity(say, reading.usual.middle, definition.unit)
        found.append(
            say.plural("{n} month before: {value}", "{n} months before: {value}", reading.usual.periods, value=middle)
            if definition.grain == "month"
            else say.plural("{n} week before: {value}", "{n} weeks before: {value}", reading.usual.periods, value=middle)
        )  # fmt: skip
    if definition.grain == "week" and len(before) >= 4:
        four = wording.quantity(say, _together(before.tail(4), definition.unit), definition.unit)
        found.append(say.text("mean of 4 weeks before: {value}", value=four))
    of_year = rows[rows["period_start"] == _year_before(start, definition.grain)]
    if len(of_year):
        value = wording.quantity(say, float(of_year["value"].iloc[0]), definition.unit)
        found.append(say.text("a year before: {value}", value=value))
    return found


def _together(rows, unit: Unit) -> float:  # type: ignore[no-untyped-def]
    """The rows as one: shares and rates pooled, all else averaged."""
    trials = float(rows["denominator"].sum())
    if unit.chance in (Chance.SHARE, Chance.RATE) and trials:
        return unit.per * float(rows["numerator"].sum()) / trials
    return float(rows["value"].mean())


def _year_before(start: date, grain: str) -> date:
    return start.replace(year=start.year - 1) if grain == "month" else start - timedelta(weeks=52)


def _apart(report: HealthReport, finding: Finding) -> tuple[str, str, str]:
    say, found = report.say, finding.apart
    assert found is not None
    told = say.text(
        _APART[finding.metric],
        name=member_name(report, *finding.member),
        rate=say.percent(found.rate),
        others=say.percent(found.others),
    )
    if finding.state == "closed":
        told += " " + say.text("It no longer lies apart.")
    first = report.week_start - timedelta(weeks=TREND_WEEKS - 1)
    basis = say.text(
        "n = {n}, {period}; held against all others",
        n=count(report, found.n),
        period=say.span(first, report.week_end),
    )
    return told, _by_moved_dates(report, finding), basis


def _by_moved_dates(report: HealthReport, finding: Finding) -> str:
    from reports.sections import pooled_row

    if finding.metric != "on_time_rate" or finding.apart is None:
        return ""
    kindly = number(pooled_row(report, "on_time_rate_last_due", **finding.dimensions).get("value"))
    if kindly is None or kindly <= finding.apart.rate + 0.05:
        return ""
    return report.say.text("By the dates as moved it is {rate}.", rate=report.say.percent(kindly))


def target_text(report: HealthReport, metric: str) -> str:
    """`target ≥ 80%`; empty without a target."""
    target, definition = report.targets.get(metric), report.definitions.get(metric)
    if target is None or definition is None:
        return ""
    if target.at_least is not None:
        return report.say.text(
            "target ≥ {bound}", bound=wording.quantity(report.say, target.at_least, definition.unit)
        )
    return report.say.text(
        "target ≤ {bound}", bound=wording.quantity(report.say, target.at_most, definition.unit)
    )


def interval_of_nps(report: HealthReport, row: dict[str, object], **dimensions: str) -> str:
    """The 95% interval of a net promoter score, from its published standard error."""
    error = error_of_nps(report, row, **dimensions)
    return "" if error is None else margin(report, "nps", row, error)


def error_of_nps(report: HealthReport, row: Mapping[str, object], **dimensions: str) -> float | None:
    """The published standard error of a net promoter score; None where there is none."""
    errors = report.series("nps_standard_error", **dimensions)
    errors = errors[errors["period_start"] == row.get("period_start")]
    return number(errors["value"].iloc[-1]) if len(errors) else None


def state_names() -> Sequence[tuple[str, str]]:
    """The states of findings in the order in which they are shown, and what each is called."""
    return (("new", N_("New this week")), ("open", N_("Open findings")), ("closed", N_("Closed this week")))
