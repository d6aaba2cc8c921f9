"""What is said of a launch in sentences: its verdict with number, days and rule, how far it goes, what is to be done."""

from datetime import timedelta

from learning.verdicts import TAKEN_BACK_WITHIN_DAYS, KpiVerdict, LaunchVerdict
from reports import wording
from reports.language import N_
from reports.launches import Launch, LaunchKpi, Reading
from reports.model import HealthReport
from reports.sections import named
from settings.units import Unit

# After a verdict, so long until it is to be written down what was learnt.
REVIEW_WITHIN_DAYS = 14
VERDICTS = {
    LaunchVerdict.CONFIRMED: N_("confirmed"),
    LaunchVerdict.REFUTED: N_("refuted"),
    LaunchVerdict.INCONCLUSIVE: N_("inconclusive"),
    LaunchVerdict.NOT_YET: N_("not yet"),
    LaunchVerdict.UNDECLARED: N_("no hypothesis"),
}
KPI_VERDICTS = {
    KpiVerdict.MET: N_("met"),
    KpiVerdict.MISSED: N_("missed"),
    KpiVerdict.INCONCLUSIVE: N_("open"),
    KpiVerdict.NOT_MEASURED: N_("not measured"),
}
REASONS = {
    "not_yet": N_("not yet"),
    "no_whole_period": N_("no whole period"),
    "no_number": N_("nothing was counted"),
    "no_such_cut": N_("the metric is not known by this cut"),
    "no_interval": N_("no interval is known"),
    "insufficient": N_("under two weeks"),
    "few_accounts": N_("too few accounts"),
    "no_baseline": N_("nothing was counted before"),
    "no_accounts": N_("the metric does not know whose its cases are"),
}


def verdict_sentence(report: HealthReport, launch: Launch) -> str:
    """The verdict with its number, n, days and rule."""
    say = report.say
    if not launch.is_declared:
        return say.text(
            "No hypothesis: nobody said before the launch what was expected, so nothing can be confirmed."
        )
    if launch.verdict is LaunchVerdict.NOT_YET or launch.deciding is None:
        assert launch.decides_on is not None
        return say.text("Not yet: the verdict is read after {day}.", day=say.day(launch.decides_on))
    kpi, reading = launch.deciding
    said = say.text(VERDICTS[launch.verdict]).capitalize()
    target = target_text(report, kpi)
    if reading.value is None:
        why = say.text(REASONS.get(reading.reason or "", "–"))
        return say.text(
            "{verdict}: {metric} was not measured: {why}.",
            verdict=said,
            metric=metric_name(report, kpi),
            why=why,
        )
    return say.text(
        "{verdict}: {metric} was {value} ({interval}, n = {n}) from {first} to {last}; the target was {target}. {rule}",
        verdict=said,
        metric=metric_name(report, kpi),
        value=shown_value(report, kpi, reading),
        interval=shown_interval(report, kpi, reading) or say.text("no interval is known"),
        n=say.number(reading.n) if reading.n is not None else wording.MISSING,
        first=say.day(reading.first_day) if reading.first_day else wording.MISSING,
        last=say.day(reading.last_day) if reading.last_day else wording.MISSING,
        target=target,
        rule=" ".join(filter(None, (_rule(report, launch, kpi), _compared(report, reading)))),
    )


def _compared(report: HealthReport, reading: Reading) -> str:
    told = method_text(report, reading)
    return report.say.text("Compared: {how}.", how=told) if told else ""


def what_next(report: HealthReport, launch: Launch) -> str:
    """What is to be done about a launch, and by when."""
    say = report.say
    if not launch.is_declared:
        return say.text("Next: write down in launches.yml what the next launch is to do, before it.")
    assert launch.decides_on is not None
    review = launch.decides_on + timedelta(days=REVIEW_WITHIN_DAYS)
    match launch.verdict:
        case LaunchVerdict.NOT_YET:
            return say.text(
                "Next: read the verdict on {day}.", day=say.day(launch.decides_on + timedelta(days=1))
            )
        case LaunchVerdict.REFUTED if launch.switched_off_on is None:
            by = launch.decides_on + timedelta(days=TAKEN_BACK_WITHIN_DAYS)
            return say.text("Next: switch it off or give it another hypothesis, by {day}.", day=say.day(by))
        case LaunchVerdict.INCONCLUSIVE:
            ahead = next(
                (each for each in launch.kpis[0].readings if each.checkpoint_on > report.week_end), None
            )
            if ahead is not None:
                return say.text(
                    "Next: bring more people to it, or decide without numbers; it is read again on {day}.",
                    day=say.day(ahead.checkpoint_on),
                )
            return say.text("Next: decide without numbers; no checkpoint is left.")
        case _ if launch.retrospective is None:
            return say.text("Next: write down what was learnt, by {day}.", day=say.day(review))
        case _:
            return say.text("Nothing is left to do.")


def target_text(report: HealthReport, kpi: LaunchKpi) -> str:
    """The bound of a metric in words."""
    say, bound = report.say, kpi.at_most if kpi.at_least is None else kpi.at_least
    shown = _signed(report, bound) if kpi.is_change else wording.quantity(say, bound, _unit(report, kpi))
    if kpi.at_least is None:
        return say.text("at most {value}", value=shown)
    return say.text("at least {value}", value=shown)


def reached(report: HealthReport) -> list[tuple[Launch, int]]:
    """The declared launches of which a checkpoint ended in the week, each with the last such one."""
    found = []
    for launch in report.launches:
        if launch.kpis:
            days = [
                each.days
                for each in launch.kpis[0].readings
                if report.week_start <= each.checkpoint_on <= report.week_end
            ]
            if days:
                found.append((launch, days[-1]))
    return found


def is_overdue(report: HealthReport, launch: Launch) -> bool:
    """Whether a verdict is older than a review may take, and nothing is written down of what was learnt."""
    if launch.decides_on is None or launch.verdict is LaunchVerdict.NOT_YET:
        return False
    due = launch.decides_on + timedelta(days=REVIEW_WITHIN_DAYS)
    return launch.retrospective is None and due < report.week_end


def how_far(report: HealthReport, launch: Launch) -> list[str]:
    """Why the verdict is worth less than one of what was written before."""
    say = report.say
    if not launch.is_post_hoc:
        return []
    if launch.is_edited_after:
        return [say.text("Post-hoc: what was expected was changed after the launch.")]
    if launch.is_launched_before_reading:
        return [
            say.text(
                "Post-hoc: first seen after the launch. The registry was not read before, so nobody can tell when this was written."
            )
        ]
    return [say.text("Post-hoc: what was expected was written after the launch.")]


def _rule(report: HealthReport, launch: Launch, kpi: LaunchKpi) -> str:
    say = report.say
    if kpi.role == "guardrail":
        return say.text("A breached guardrail overrides the primary metric.")
    match launch.verdict:
        case LaunchVerdict.CONFIRMED:
            return say.text("The whole interval keeps the target.")
        case LaunchVerdict.REFUTED:
            return say.text("The whole interval misses the target.")
        case _:
            return say.text("The target lies within what chance allows.")


def overlaps(report: HealthReport, launch: Launch) -> list[str]:
    names = {each.launch_id: each.name for each in report.launches}
    near = dict.fromkeys(
        names.get(other, other)
        for kpi in launch.kpis
        for each in kpi.readings
        if each.checkpoint_on == launch.decides_on
        for other in each.overlapping
    )
    if not near:
        return []
    return [
        report.say.text(
            "On the same days and of the same product: {names}. What one of them did cannot be told from what the other did.",
            names=report.say.listed(list(near)),
        )
    ]


def shown_value(report: HealthReport, kpi: LaunchKpi, reading: Reading) -> str:
    if kpi.is_change and reading.change is not None:
        return _signed(report, reading.change)
    return wording.quantity(report.say, reading.value, _unit(report, kpi))


def shown_interval(report: HealthReport, kpi: LaunchKpi, reading: Reading) -> str:
    if reading.low is None or reading.high is None:
        return ""
    low, high = (
        _signed(report, each) if kpi.is_change else wording.quantity(report.say, each, _unit(report, kpi))
        for each in (reading.low, reading.high)
    )
    return report.say.text("{low} to {high}", low=low, high=high)


def method_text(report: HealthReport, reading: Reading) -> str:
    """With whom a change is compared; empty where the target is no change."""
    if reading.method == "before_after":
        return report.say.text("before and after, nobody else to compare with")
    if reading.method is None:
        return ""
    return report.say.text(
        "beyond those who could not see it, who changed by {change}",
        change=_signed(report, reading.others_change),
    )


def _signed(report: HealthReport, share: float | None) -> str:
    if share is None:
        return wording.MISSING
    return ("+" if share >= 0 else "−") + report.say.percent(abs(share))


def metric_name(report: HealthReport, kpi: LaunchKpi) -> str:
    """The metric's name, and of what it is."""
    definition = report.definitions.get(kpi.metric)
    label = report.say.text(definition.label) if definition else kpi.metric
    of = [named(report, each) for each in kpi.members]
    return f"{label} ({', '.join(of)})" if of else label


def _unit(report: HealthReport, kpi: LaunchKpi) -> Unit:
    definition = report.definitions.get(kpi.metric)
    return definition.unit if definition else Unit.COUNT
