"""What is said of an experiment in sentences: its verdict with numbers, days and rule, whether it can be trusted, what is next."""

from datetime import timedelta

from learning.effects import SRM_ALARM
from learning.verdicts import ExperimentVerdict, KpiVerdict
from reports import wording
from reports.experiments import Effect, Experiment
from reports.language import N_
from reports.model import HealthReport
from reports.sections import named
from settings.units import Unit

VERDICTS = {
    ExperimentVerdict.CONFIRMED: N_("confirmed"),
    ExperimentVerdict.REFUTED: N_("refuted"),
    ExperimentVerdict.INCONCLUSIVE: N_("inconclusive"),
    ExperimentVerdict.NOT_YET: N_("not yet"),
    ExperimentVerdict.NOT_TRUSTED: N_("not to be trusted"),
    ExperimentVerdict.STOPPED_EARLY: N_("stopped early"),
    ExperimentVerdict.UNDECLARED: N_("no hypothesis"),
}
MEASURES = {
    "adoption": N_("share who used it"),
    "days": N_("days with use, a person"),
    "uses": N_("uses, a person"),
    "uses_per_day": N_("uses on a day with use"),
    "tickets": N_("tickets, a person"),
}
REASONS = {
    "few_people": N_("too few people"),
    "all_alike": N_("everybody did the same"),
    "nothing_under_control": N_("nothing was counted under the control"),
}


def verdict_sentence(report: HealthReport, experiment: Experiment) -> str:
    """The verdict with its number, n, days and rule."""
    say, end = report.say, experiment.ends_on
    match experiment.verdict:
        case ExperimentVerdict.UNDECLARED:
            return say.text(
                "No hypothesis: nobody said before the experiment what was expected, so nothing can be confirmed."
            )
        case ExperimentVerdict.NOT_TRUSTED:
            return say.text(
                "Not to be trusted: people were not split as planned ({split}); chance alone does that less than once in "
                "{n}. No effect is told.",
                split=split_text(report, experiment),
                n=say.number(round(1 / SRM_ALARM)),
            )
        case ExperimentVerdict.NOT_YET:
            return say.text(
                "Not yet: it is read once, after {day}; who reads it each day finds something sooner or later.",
                day=say.day(end) if end else wording.MISSING,
            )
        case ExperimentVerdict.STOPPED_EARLY:
            assert experiment.stopped_on is not None
            assert experiment.planned_end_on is not None
            return say.text(
                "Stopped early, on {day} instead of {planned}: whoever stops when it looks good sees effects that there are not, so "
                "there is no verdict.",
                day=say.day(experiment.stopped_on),
                planned=say.day(experiment.planned_end_on),
            )
    said = say.text(VERDICTS[experiment.verdict]).capitalize()
    effect = experiment.deciding
    if effect is None or effect.change is None:
        why = say.text(REASONS.get((effect and effect.reason) or "", "–"))
        return say.text("{verdict}: the effect was not measured: {why}.", verdict=said, why=why)
    people = {each.key: each.people for each in experiment.variants}
    return say.text(
        "{verdict}: {measure} went from {control} to {value} with {variant}, {change} ({interval}, n = {n}); what was expected was "
        "{bound}. {rule}",
        verdict=said,
        measure=measure_name(report, effect),
        control=shown(report, effect, effect.control_value),
        value=shown(report, effect, effect.value),
        variant=variant_name(experiment, effect.variant),
        change=signed(report, effect.change),
        interval=interval(report, effect),
        n=say.number(
            people.get(effect.variant, 0)
            + sum(each.people for each in experiment.variants if each.is_control)
        ),
        bound=bound_text(report, effect),
        rule=_rule(report, effect),
    )


def how_far(report: HealthReport, experiment: Experiment) -> list[str]:
    """Why the verdict is worth less, and what does not count in it."""
    say, told = report.say, []
    if experiment.is_post_hoc:
        told.append(
            say.text("Post-hoc: what was expected was changed after the experiment began.")
            if experiment.is_edited_after
            else say.text(
                "Post-hoc: what was expected was written after the experiment began, or first read then."
            )
        )
    if experiment.planned_sample and experiment.verdict is not ExperimentVerdict.NOT_YET:
        share = experiment.exposed / experiment.planned_sample
        if share < 1:
            told.append(
                say.text(
                    "{share} of the {n} people that were planned took part: smaller effects go unseen.",
                    share=say.percent(share),
                    n=say.number(experiment.planned_sample),
                )
            )
    if experiment.in_two_variants:
        told.append(
            say.plural(
                "{n} person was shown several variants and counts in none.",
                "{n} people were shown several variants and count in none.",
                experiment.in_two_variants,
            )
        )
    return told


def what_next(report: HealthReport, experiment: Experiment) -> str:
    """What is to be done about an experiment."""
    say, end = report.say, experiment.ends_on
    match experiment.verdict:
        case ExperimentVerdict.NOT_YET:
            first = say.day(end + timedelta(days=1)) if end else wording.MISSING
            return say.plural(
                "Next: let it run, {n} day is left; read it on {day}.",
                "Next: let it run, {n} days are left; read it on {day}.",
                experiment.days_left or 0,
                day=first,
            )
        case ExperimentVerdict.NOT_TRUSTED:
            return say.text("Next: find out who is missing in which variant, and begin it anew.")
        case ExperimentVerdict.STOPPED_EARLY:
            return say.text("Next: decide without numbers, or begin it anew and let it run to its end.")
        case ExperimentVerdict.CONFIRMED:
            return say.text("Next: give it to everybody, and remove the flag.")
        case ExperimentVerdict.REFUTED:
            return say.text("Next: switch it off, and write down what was learnt.")
        case ExperimentVerdict.INCONCLUSIVE:
            return say.text("Next: decide without numbers, or try it on more people.")
        case _:
            return say.text(
                "Next: write down in experiments.yml what is expected of the next one, before it begins."
            )


def ended(report: HealthReport) -> list[Experiment]:
    """The experiments of which the last day was in the week, and those whose split is found broken while they run."""
    return [
        each
        for each in report.experiments
        if (each.ends_on is not None and report.week_start <= each.ends_on <= report.week_end)
        or (each.verdict is ExperimentVerdict.NOT_TRUSTED and each.days_left)
    ]


def split_text(report: HealthReport, experiment: Experiment) -> str:
    """The people of each variant, beside their planned shares: `129 and 53 instead of 50% and 50%`."""
    say = report.say
    people = say.listed([say.number(each.people) for each in experiment.variants])
    if any(each.weight is None for each in experiment.variants):
        return people
    planned = say.listed([say.percent(each.weight or 0) for each in experiment.variants])
    return say.text("{people} instead of {planned}", people=people, planned=planned)


def variant_name(experiment: Experiment, key: str) -> str:
    return next((each.name for each in experiment.variants if each.key == key), key)


def measure_name(report: HealthReport, effect: Effect) -> str:
    """What is measured, and of which feature."""
    name = report.say.text(MEASURES.get(effect.measure, effect.measure))
    return f"{name} ({named(report, effect.feature_id)})" if effect.feature_id else name


def shown(report: HealthReport, effect: Effect, value: float | None) -> str:
    unit = Unit.RATIO if effect.measure == "adoption" else Unit.MULTIPLE
    return wording.quantity(report.say, value, unit)


def signed(report: HealthReport, share: float | None) -> str:
    if share is None:
        return wording.MISSING
    return ("+" if share >= 0 else "−") + report.say.percent(abs(share))


def interval(report: HealthReport, effect: Effect) -> str:
    if effect.low is None or effect.high is None:
        return report.say.text("no interval is known")
    return report.say.text(
        "{low} to {high}", low=signed(report, effect.low), high=signed(report, effect.high)
    )


def probability(report: HealthReport, p_value: float) -> str:
    say = report.say
    return say.text("p under 0.001") if p_value < 0.001 else say.text("p {p}", p=say.number(p_value, 3))


def bound_text(report: HealthReport, effect: Effect) -> str:
    """The bound of an effect in words."""
    if effect.at_least is None:
        return report.say.text("at most {value}", value=signed(report, effect.at_most))
    return report.say.text("at least {value}", value=signed(report, effect.at_least))


def _rule(report: HealthReport, effect: Effect) -> str:
    say = report.say
    if effect.role == "guardrail":
        return say.text("A breached guardrail overrides the primary effect.")
    match effect.verdict:
        case KpiVerdict.MET:
            return say.text("The whole interval keeps the bound.")
        case KpiVerdict.MISSED:
            return say.text("The whole interval misses the bound.")
        case _:
            return say.text("The bound lies within what chance allows.")
