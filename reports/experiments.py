"""Experiments as the report tells of them: who was shown what, how the variants differ, and the verdict as of a week."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import duckdb

from learning.verdicts import ExperimentVerdict, KpiVerdict

# How the files of the pages of experiments begin.
PAGE = "experiment-"
Row = TypeVar("Row")


@dataclass(frozen=True)
class Variant:
    """`weight`: planned share of the people, None where nobody said; `people`: who were shown it and nothing else."""

    key: str
    name: str
    weight: float | None
    is_control: bool
    people: int


@dataclass(frozen=True)
class Effect:
    """An effect of a variant. Values are means of people; `change` is relative to the control, `low` and `high` its interval."""

    effect_id: str
    variant: str
    role: str
    measure: str
    feature_id: str | None
    at_least: float | None
    at_most: float | None
    control_value: float | None
    value: float | None
    change: float | None
    low: float | None
    high: float | None
    p_value: float | None
    adjusted_p: float | None
    detectable: float | None
    verdict: KpiVerdict
    reason: str | None


@dataclass(frozen=True)
class ToolResult:
    """What a tool made of an experiment. `p_value` of one that has p values, `chance_to_win` of one that has chances.

    `data_until` (exclusive) ends what it took in; what follows is None where the tool does not say.
    """

    source: str
    metric: str
    variant: str
    people: int | None
    effect: float | None
    low: float | None
    high: float | None
    p_value: float | None
    chance_to_win: float | None
    computed_at: datetime | None
    data_until: datetime | None = None
    is_of_part: bool | None = None
    is_adjusted: bool | None = None
    is_sequential: bool | None = None
    is_primary: bool | None = None


@dataclass(frozen=True)
class Learning:
    """What a tool keeps of what was learned. `supported`, `contradicted`: by which experiments (their ids), of those known here."""

    title: str
    status: str | None
    written_on: date | None
    supported: tuple[str, ...]
    contradicted: tuple[str, ...]


@dataclass(frozen=True)
class Experiment:
    """An experiment. Texts are the organisation's own; `verdict` as of the report's week. Days are inclusive."""

    experiment_id: str
    name: str
    source: str
    flag: str | None
    product_id: str
    owner: str | None
    hypothesis: str | None
    url: str | None
    stop_reason: str | None
    planned_sample: int | None
    exposed: int
    in_two_variants: int
    is_declared: bool
    is_edited_after: bool
    started_on: date
    planned_end_on: date | None
    stopped_on: date | None
    defined_at: datetime | None
    verdict: ExperimentVerdict
    decided_by: str | None
    confirmed_variant: str | None
    srm_p_value: float | None
    is_post_hoc: bool
    days_left: int | None
    variants: tuple[Variant, ...] = ()
    effects: tuple[Effect, ...] = ()
    results: tuple[ToolResult, ...] = ()

    @property
    def page(self) -> str:
        """The file of its page."""
        return f"{PAGE}{re.sub('[^a-zA-Z0-9_-]', '-', self.experiment_id)}.html"

    @property
    def ends_on(self) -> date | None:
        """Its last day: the planned one, or that on which it was stopped."""
        return self.stopped_on or self.planned_end_on

    @property
    def is_told(self) -> bool:
        """Whether what it did may be told: it is over, and its people were split as planned."""
        return self.verdict not in (ExperimentVerdict.NOT_YET, ExperimentVerdict.NOT_TRUSTED)

    @property
    def deciding(self) -> Effect | None:
        """The effect that made the verdict, of the variant that it is about; None before it."""
        found = [each for each in self.effects if each.effect_id == self.decided_by]
        of_variant = [each for each in found if each.variant == self.confirmed_variant]
        missed = [each for each in found if each.verdict is KpiVerdict.MISSED]
        return next(iter([*of_variant, *missed, *found]), None)


_EXPERIMENTS = """
select experiment.experiment_id, experiment_name, source, flag_key, product_id, owner, hypothesis, url, stop_reason,
    planned_sample, exposed_count, two_variants_count, is_declared, is_edited_after, started_on, planned_end_on, stopped_on,
    defined_at, verdict.verdict, verdict.decided_by, verdict.confirmed_variant, verdict.srm_p_value, verdict.is_post_hoc,
    verdict.days_left
from mart.dim_experiment as experiment
join metrics.experiments as verdict using (experiment_id)
where started_on is not null
order by started_on desc, experiment_id
"""
_VARIANTS = """
select experiment_id, variant_key, variant_name, weight, is_control, exposed_count
from mart.fct_experiment_variant order by experiment_id, not is_control, variant_key
"""
_EFFECTS = """
select effect.experiment_id, effect.effect_id, effect.variant_key, effect.effect_role, effect.measure, effect.feature_id,
    bound.change_at_least, bound.change_at_most, control_value, variant_value, change, change_low, change_high, p_value,
    adjusted_p_value, detectable_change, verdict, reason
from metrics.experiment_effects as effect
join mart.fct_experiment_effect as bound using (experiment_id, effect_id, variant_key)
order by effect.experiment_id, effect.effect_role <> 'primary', effect.effect_role = 'guardrail', effect.effect_id, effect.variant_key
"""
_RESULTS = """
select experiment_id, split_part(tool_experiment_id, ':', 1), metric_name, variant_key, exposed_count, effect, effect_low, effect_high,
    p_value, chance_to_win, computed_at{settings}
from mart.fct_experiment_result order by all
"""
# A mart of an older version does not know how a tool came to its result.
_SETTINGS = ("data_until", "is_of_part", "is_adjusted", "is_sequential", "is_primary")
_TABLES = (
    "dim_experiment", "experiments", "fct_experiment_variant", "fct_experiment_effect", "experiment_effects",
    "fct_experiment_result",
)  # fmt: skip
_VERDICT = 18


def experiments_of(mart: duckdb.DuckDBPyConnection, week_end: date) -> tuple[Experiment, ...]:
    """Every experiment that began up to the end of a week, the newest first, as it stood then.

    None of a mart of an older version.
    """
    ((known,),) = mart.execute(
        f"select count(distinct table_name) from information_schema.tables where table_name in {_TABLES}"
    ).fetchall()
    if known < len(_TABLES):
        return ()
    variants = _by_experiment(mart, _VARIANTS, Variant)
    results = _by_experiment(mart, _RESULTS.format(settings=_settings(mart)), ToolResult)
    effects: dict[str, list[Effect]] = {}
    for experiment_id, *row in mart.execute(_EFFECTS).fetchall():
        values: list[Any] = [*row[:-2], KpiVerdict(row[-2]), row[-1]]
        effects.setdefault(experiment_id, []).append(Effect(*values))
    found = []
    for row in mart.execute(_EXPERIMENTS).fetchall():
        given: list[Any] = [*row]
        given[_VERDICT] = ExperimentVerdict(given[_VERDICT])
        of_it = (tuple(each.get(row[0], ())) for each in (variants, effects, results))
        experiment = Experiment(*given, *of_it)
        if experiment.started_on <= week_end:
            found.append(as_of_week(experiment, week_end))
    return tuple(found)


def learnings_of(mart: duckdb.DuckDBPyConnection, week_end: date, zone: str) -> tuple[Learning, ...]:
    """What was learned up to the end of a week in the reporting time zone, the newest first; nothing of a mart of an older version."""
    ((known,),) = mart.execute(
        "select count(*) from information_schema.tables where table_name = 'fct_learning'"
    ).fetchall()
    if not known:
        return ()
    rows = mart.execute(
        """
        select title, status, written_on,
            coalesce(list(experiment_id order by experiment_id) filter (experiment_id is not null and relation = 'supports'), []),
            coalesce(list(experiment_id order by experiment_id) filter (experiment_id is not null and relation = 'contradicts'), [])
        from (select *, (written_at at time zone 'UTC' at time zone $zone)::date as written_on from mart.fct_learning) as learnings
        where written_on is null or written_on <= $last
        group by learning_id, title, status, written_on, written_at
        order by written_at desc nulls last, learning_id
        """,
        {"last": week_end, "zone": zone},
    ).fetchall()
    return tuple(
        Learning(title, status, day, tuple(supported), tuple(contradicted))
        for title, status, day, supported, contradicted in rows
    )


def as_of_week(experiment: Experiment, week_end: date) -> Experiment:
    """An experiment as it stood at the end of a week: what came of it later is not known yet."""
    stopped = experiment.stopped_on
    if stopped is not None and stopped > week_end:
        experiment = replace(experiment, stopped_on=None, stop_reason=None)
    end = experiment.ends_on
    if end is None or end <= week_end or not experiment.is_declared:
        return experiment
    is_seen = experiment.verdict in (ExperimentVerdict.NOT_YET, ExperimentVerdict.NOT_TRUSTED)
    return replace(
        experiment,
        verdict=experiment.verdict if is_seen and experiment.days_left else ExperimentVerdict.NOT_YET,
        decided_by=None,
        confirmed_variant=None,
        days_left=(end - week_end) // timedelta(days=1),
    )


def _settings(mart: duckdb.DuckDBPyConnection) -> str:
    rows = mart.execute(
        "select column_name from information_schema.columns where table_name = 'fct_experiment_result'"
    ).fetchall()
    known = {name for (name,) in rows}
    return "".join(f", {name}" for name in _SETTINGS) if known.issuperset(_SETTINGS) else ""


def _by_experiment(
    mart: duckdb.DuckDBPyConnection, query: str, kind: Callable[..., Row]
) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for experiment_id, *row in mart.execute(query).fetchall():
        found.setdefault(experiment_id, []).append(kind(*row))
    return found
