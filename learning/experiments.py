"""The experiments of a night: each effect of each variant against the control, and the verdict, in two tables of the warehouse.

Both are made anew each night from what is known as of it: the same night gives the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from learning.effects import ALPHA, SRM_ALARM, Effect, Totals, effect, holm, sample_ratio
from learning.tables import write_table
from learning.verdicts import (
    ExperimentVerdict,
    KpiVerdict,
    LaunchVerdict,
    experiment_verdict,
    is_post_hoc,
    kpi_verdict,
    launch_verdict,
)
from metrics.values import opened_warehouse


@dataclass(frozen=True)
class Experiment:
    """An experiment as `dim_experiment` has it."""

    experiment_id: str
    is_declared: bool
    is_defined_before: bool
    is_edited_after: bool
    is_stopped_early: bool
    planned_sample: int | None
    exposed: int
    started_on: date | None
    planned_end_on: date | None


@dataclass(frozen=True)
class Variant:
    """`weight`: its planned share of the people, None where nobody said."""

    key: str
    weight: float | None
    is_control: bool
    people: int


@dataclass(frozen=True)
class Bound:
    """An effect by which an experiment is read, as its entry says; one of the two changes is a number."""

    effect_id: str
    role: str
    measure: str
    feature_id: str | None
    at_least: float | None
    at_most: float | None


@dataclass(frozen=True)
class Readout:
    """An effect of a variant. `reason`: why there is none. `adjusted_p`: with the other further effects in view."""

    bound: Bound
    variant: str
    control: Totals
    totals: Totals
    effect: Effect | None
    verdict: KpiVerdict
    reason: str | None
    adjusted_p: float | None = None


@dataclass(frozen=True)
class ExperimentRun:
    """What a night did. `not_trusted`: ids of the experiments that run and whose people are not split as planned."""

    experiments: int
    effects: int
    not_trusted: tuple[str, ...]


def write_experiments(warehouse: Path, as_of: date) -> ExperimentRun:
    """Read every experiment as of a night, and write `metrics.experiment_effects` and `metrics.experiments`.

    `warehouse`: the DuckDB file with marts, which nothing else may have open. Raises FileNotFoundError without a warehouse.
    """
    with opened_warehouse(warehouse, warehouse.stem) as connection:
        effects: list[tuple[object, ...]] = []
        rows: list[tuple[object, ...]] = []
        not_trusted: list[str] = []
        for experiment in _experiments(connection):
            variants = _variants(connection, experiment.experiment_id)
            readouts = read_out(variants, *_totals(connection, experiment.experiment_id))
            srm = sample_ratio(
                {each.key: each.people for each in variants}, {each.key: each.weight for each in variants}
            )
            verdict, decided_by, best = verdict_of(experiment, readouts, srm, as_of)
            effects += [_effect_row(experiment.experiment_id, each) for each in readouts]
            rows.append(_experiment_row(experiment, srm, verdict, decided_by, best, as_of))
            if srm is not None and srm < SRM_ALARM and is_running(experiment, as_of):
                not_trusted.append(experiment.experiment_id)
        connection.execute("begin")
        write_table(connection, "experiment_effects", effects)
        write_table(connection, "experiments", rows)
        connection.execute("commit")
    return ExperimentRun(len(rows), len(effects), tuple(not_trusted))


def is_running(experiment: Experiment, as_of: date) -> bool:
    """Whether a day before its planned end, or one without an end, is still to come."""
    end = experiment.planned_end_on
    has_begun = experiment.started_on is not None and experiment.started_on < as_of
    return has_begun and not experiment.is_stopped_early and (end is None or end >= as_of)


def read_out(
    variants: Sequence[Variant], bounds: Sequence[Bound], totals: dict[tuple[str, str], Totals]
) -> list[Readout]:
    """Each effect of each variant beside the control. `totals`: by effect and variant.

    With several variants beside the control their intervals are wider (Bonferroni): one of them is confirmed too easily else.
    """
    control = next((each.key for each in variants if each.is_control), None)
    others = [each.key for each in variants if not each.is_control]
    if control is None:
        return []
    found = [
        _readout(bound, other, totals[bound.effect_id, control], totals[bound.effect_id, other], len(others))
        for bound in bounds
        for other in others
    ]
    further = [each for each in found if each.bound.role == "further" and each.effect is not None]
    raised = dict(
        zip(map(id, further), holm([each.effect.p_value for each in further if each.effect]), strict=True)
    )
    return [replace(each, adjusted_p=raised.get(id(each))) for each in found]


def _readout(bound: Bound, variant: str, control: Totals, totals: Totals, others: int) -> Readout:
    found = effect(control, totals, ALPHA / others)
    interval, reason = None, None
    if found is None:
        reason = "few_people" if min(control.people, totals.people) < 2 else "all_alike"
    elif found.change_low is None or found.change_high is None:
        reason = "nothing_under_control"
    else:
        interval = found.change_low, found.change_high
    verdict = kpi_verdict(bound.at_least, bound.at_most, interval)
    return Readout(bound, variant, control, totals, found, verdict, reason)


def verdict_of(
    experiment: Experiment, readouts: Sequence[Readout], srm: float | None, as_of: date
) -> tuple[ExperimentVerdict, str | None, str | None]:
    """The verdict, the effect that made it, and the variant that was confirmed."""
    is_split_as_planned = srm is None or srm >= SRM_ALARM
    if not experiment.is_declared and is_split_as_planned:
        return ExperimentVerdict.UNDECLARED, None, None
    is_over = experiment.planned_end_on is not None and experiment.planned_end_on < as_of
    judged: dict[str, LaunchVerdict] = {}
    breached: str | None = None
    for variant in dict.fromkeys(each.variant for each in readouts):
        own = [each for each in readouts if each.variant == variant]
        primary = next(each.verdict for each in own if each.bound.role == "primary")
        guardrails = {each.bound.effect_id: each.verdict for each in own if each.bound.role == "guardrail"}
        judged[variant] = launch_verdict(primary, list(guardrails.values()))
        breached = breached or next(
            (name for name, verdict in guardrails.items() if verdict is KpiVerdict.MISSED), None
        )
    verdict = experiment_verdict(
        list(judged.values()), is_split_as_planned, is_over, experiment.is_stopped_early
    )
    best = next((each for each, found in judged.items() if found is LaunchVerdict.CONFIRMED), None)
    if verdict is ExperimentVerdict.CONFIRMED:
        return verdict, "primary:1", best
    if verdict is ExperimentVerdict.REFUTED:
        return verdict, breached or "primary:1", None
    return verdict, "primary:1" if verdict is ExperimentVerdict.INCONCLUSIVE else None, None


def _experiments(connection: duckdb.DuckDBPyConnection) -> list[Experiment]:
    rows = connection.execute(
        "select experiment_id, is_declared, is_defined_before, is_edited_after, is_stopped_early, planned_sample, "
        "exposed_count, started_on, planned_end_on from marts.dim_experiment order by experiment_id"
    ).fetchall()
    return [Experiment(*row) for row in rows]


def _variants(connection: duckdb.DuckDBPyConnection, experiment_id: str) -> list[Variant]:
    rows = connection.execute(
        "select variant_key, weight, is_control, exposed_count from marts.fct_experiment_variant "
        "where experiment_id = $experiment_id order by variant_key",
        {"experiment_id": experiment_id},
    ).fetchall()
    return [Variant(*row) for row in rows]


def _totals(
    connection: duckdb.DuckDBPyConnection, experiment_id: str
) -> tuple[list[Bound], dict[tuple[str, str], Totals]]:
    rows = connection.execute(
        "select effect_id, effect_role, measure, feature_id, change_at_least, change_at_most, variant_key, person_count, "
        "above_sum, above_squares, below_sum, below_squares, products_sum from marts.fct_experiment_effect "
        "where experiment_id = $experiment_id order by effect_id, variant_key",
        {"experiment_id": experiment_id},
    ).fetchall()
    bounds = dict.fromkeys(Bound(*row[:6]) for row in rows)
    totals = {(row[0], row[6]): replace(Totals(*row[7:]), is_share=row[2] == "adoption") for row in rows}
    return [*bounds], totals


def _effect_row(experiment_id: str, read: Readout) -> tuple[object, ...]:
    bound, found = read.bound, read.effect
    numbers: tuple[object, ...] = (None,) * 8
    if found is not None:
        numbers = (
            found.difference, found.low, found.high, found.change, found.change_low, found.change_high, found.p_value,
            found.detectable,
        )  # fmt: skip
    return (
        experiment_id, bound.effect_id, read.variant, bound.role, bound.measure, bound.feature_id, read.control.people,
        read.totals.people, read.control.value, read.totals.value, *numbers, read.adjusted_p, read.verdict.value, read.reason,
    )  # fmt: skip


def _experiment_row(
    experiment: Experiment,
    srm: float | None,
    verdict: ExperimentVerdict,
    decided_by: str | None,
    best: str | None,
    as_of: date,
) -> tuple[object, ...]:
    end, planned = experiment.planned_end_on, experiment.planned_sample
    return (
        experiment.experiment_id,
        verdict.value,
        end,
        decided_by,
        best,
        srm,
        is_post_hoc(experiment.is_defined_before, experiment.is_edited_after)
        if experiment.is_declared
        else False,
        experiment.exposed / planned if planned else None,
        (end - as_of).days + 1 if end is not None and is_running(experiment, as_of) else None,
    )
