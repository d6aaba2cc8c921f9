"""The list of experiments and the page of each: the verdict in a sentence, the split, the effects."""

from reports import wording
from reports.experiment_words import (
    REASONS,
    VERDICTS,
    bound_text,
    ended,
    how_far,
    interval,
    measure_name,
    probability,
    shown,
    signed,
    variant_name,
    verdict_sentence,
    what_next,
)
from reports.experiments import Effect, Experiment
from reports.language import N_
from reports.launch_words import KPI_VERDICTS
from reports.model import HealthReport
from reports.sections import Cell, Head, Row, Section, Table, caveats, named

_ROLES = {"primary": N_("primary"), "further": N_("further"), "guardrail": N_("guardrail")}


def experiment_list(report: HealthReport) -> Section | None:
    """Every experiment with its verdict, all verdicts alike."""
    if not report.experiments:
        return None
    say = report.say
    told = [
        f"{each.name}{say.colon}{verdict_sentence(report, each)} {what_next(report, each)}"
        for each in ended(report)
    ]
    rows: tuple[Row, ...] = tuple(_row(report, each) for each in report.experiments)
    table = Table(
        say.text("Experiments, the newest first."),
        (
            Head(say.text("experiment")),
            Head(say.text("verdict")),
            Head(say.text("product")),
            Head(say.text("began")),
            Head(say.text("ends")),
            Head(say.text("effect")),
            Head(say.text("change"), True),
            Head(say.text("people"), True),
        ),
        rows,
    )
    return Section(
        "all-experiments",
        say.text("Experiments and their verdicts"),
        tuple(told),
        tables=(table,),
        trust=caveats(report, ("product_analytics",), ()),
    )


def experiment_verdict(report: HealthReport, experiment: Experiment) -> Section:
    """What was expected, what came of it, and what to do next."""
    findings = [
        verdict_sentence(report, experiment), *how_far(report, experiment), what_next(report, experiment)
    ]  # fmt: skip
    return Section("verdict", experiment.name, tuple(findings), tables=(_facts(report, experiment),))


def experiment_people(report: HealthReport, experiment: Experiment) -> Section | None:
    """Who was shown what, and whether that is the split that was planned."""
    say = report.say
    if not experiment.variants:
        return None
    whole = sum(each.people for each in experiment.variants)
    rows: tuple[Row, ...] = tuple(
        (
            Cell(each.name, note=say.text("control") if each.is_control else ""),
            say.percent(each.weight) if each.weight is not None else wording.MISSING,
            say.percent(each.people / whole) if whole else wording.MISSING,
            say.number(each.people),
        )
        for each in experiment.variants
    )
    table = Table(
        say.text("People who were shown one variant, by the first time."),
        (
            Head(say.text("variant")),
            Head(say.text("planned share"), True),
            Head(say.text("share"), True),
            Head(say.text("people"), True),
        ),
        rows,
    )
    return Section(
        "people",
        say.text("Who was shown what"),
        tuple(_split(report, experiment)),
        tables=(table,),
        trust=caveats(report, ("product_analytics",), ()),
    )


def experiment_effects(report: HealthReport, experiment: Experiment) -> Section | None:
    """Each effect of each variant against the control; nothing of one that is not over, or whose split is broken."""
    say = report.say
    if not experiment.effects or not experiment.is_told:
        return None
    rows: tuple[Row, ...] = tuple(_effect(report, experiment, each) for each in experiment.effects)
    table = Table(
        say.text("Each effect against the control; below the change its 95% interval."),
        (
            Head(say.text("effect")),
            Head(say.text("variant")),
            Head(say.text("control"), True),
            Head(say.text("with the variant"), True),
            Head(say.text("change"), True),
            Head(say.text("expected"), True),
            Head(say.text("verdict")),
            Head(say.text("seen from"), True),
        ),
        rows,
    )
    return Section(
        "effects",
        say.text("What it did"),
        (
            say.text(
                "Each person counts with what they did from the day of their first exposure to the end, with nothing too. “Seen from” "
                "is the smallest change that so many people would show 8 times of 10."
            ),
        ),
        tables=(table,),
        trust=caveats(report, ("product_analytics",), ()),
    )


def _row(report: HealthReport, experiment: Experiment) -> Row:
    say = report.say
    primary = next((each for each in experiment.effects if each.role == "primary"), None)
    effect = experiment.deciding or primary
    change = Cell(wording.MISSING)
    if effect is not None and experiment.is_told and effect.change is not None:
        change = Cell(signed(report, effect.change), note=interval(report, effect))
    people = say.number(experiment.exposed)
    of = experiment.planned_sample
    return (
        Cell(experiment.name, link=experiment.page),
        Cell(
            say.text(VERDICTS[experiment.verdict]),
            note=say.text("post-hoc") if experiment.is_post_hoc else "",
        ),
        named(report, experiment.product_id),
        say.day(experiment.started_on),
        say.day(experiment.ends_on) if experiment.ends_on else wording.MISSING,
        measure_name(report, effect) if effect else wording.MISSING,
        change,
        Cell(people, note=say.text("planned: {n}", n=say.number(of)) if of else ""),
    )


def _facts(report: HealthReport, experiment: Experiment) -> Table:
    """What the registry or the tool says of it, a row a thing that it says."""
    say = report.say
    rows: list[Row] = []

    def add(name: str, value: str | None) -> None:
        if value:
            rows.append((say.text(name), value))

    add(N_("what was expected"), experiment.hypothesis)
    add(N_("owner"), report.owner_name(experiment.owner) if experiment.owner else None)
    add(N_("product"), named(report, experiment.product_id))
    add(N_("flag"), experiment.flag)
    add(N_("began"), say.day(experiment.started_on))
    add(N_("planned end"), say.day(experiment.planned_end_on) if experiment.planned_end_on else None)
    add(N_("stopped"), say.day(experiment.stopped_on) if experiment.stopped_on else None)
    add(N_("why it was stopped"), experiment.stop_reason)
    add(N_("planned people"), say.number(experiment.planned_sample) if experiment.planned_sample else None)
    if experiment.defined_at is not None:
        add(N_("first read in the registry"), say.day(experiment.defined_at.date()))
    return Table(
        say.text("What is written down of the experiment."),
        (Head(say.text("what")), Head(say.text("written down"))),
        tuple(rows),
    )


def _split(report: HealthReport, experiment: Experiment) -> list[str]:
    say, p_value = report.say, experiment.srm_p_value
    if p_value is None:
        return [say.text("Nobody says how people were to be split, so nobody can tell whether they were.")]
    shown_p = say.text("under 0.001") if p_value < 0.001 else say.number(p_value, 3)
    return [
        say.text(
            "Chance alone splits people so unevenly with probability {p} (sample ratio); under 0.001 nothing is told.",
            p=shown_p,
        )
    ]


def _effect(report: HealthReport, experiment: Experiment, effect: Effect) -> Row:
    say = report.say
    why = say.text(REASONS[effect.reason]) if effect.reason else ""
    change = Cell(signed(report, effect.change), note=why or interval(report, effect))
    p_value = effect.p_value if effect.adjusted_p is None else effect.adjusted_p
    return (
        Cell(measure_name(report, effect), note=say.text(_ROLES[effect.role])),
        variant_name(experiment, effect.variant),
        shown(report, effect, effect.control_value),
        shown(report, effect, effect.value),
        change,
        bound_text(report, effect),
        Cell(
            say.text(KPI_VERDICTS[effect.verdict]),
            note="" if p_value is None else probability(report, p_value),
        ),
        say.percent(effect.detectable) if effect.detectable is not None else wording.MISSING,
    )
