"""A view per subject in schema `metrics` of the published mart: numbers with their names, ready to be charted.

Which metrics belong to a subject, and so which views there are, is said by the metrics' own definitions.
"""

import re
from typing import assert_never

import duckdb

from learning.tables import TABLES
from metrics.catalogue import read_definitions
from metrics.definitions import MetricDefinition
from metrics.dimensions import DIMENSIONS, Dimension
from publication.meta import NUMBERS, Described
from settings.units import UNITS_EXPLAINED, Chance, Unit

# 95 of 100.
_Z = 1.96
# A metric of this name gives the standard error of the one before it.
_STANDARD_ERROR = "_standard_error"
_COMMENTS = {
    **NUMBERS.columns,
    "label": "Name of the metric for people.",
    "unit": f"Unit of the value. {UNITS_EXPLAINED}",
    "period": "The period as people write it: 2026-11-15, 2026-W46 or 2026-11.",
    **{each.label: each.label_comment for each in DIMENSIONS.values() if each.label},
    "cut": "What the row is a part by: total, or by product, by feature and segment, ... Filter on one cut: rows of two count "
    "the same things twice.",
    "good_direction": "Whether up or down is good; none where neither is.",
    "target_at_least": "Value to reach, of totals that the registry has a target for; null for all others.",
    "target_at_most": "Value to stay below, of totals that the registry has a target for; null for all others.",
    "is_on_target": "Whether the value keeps its target; null without a target or value.",
    "interval_low": "Lower end of the value's 95 % interval; null where value and n do not tell it (medians, counts).",
    "interval_high": "Upper end of the value's 95 % interval; null where value and n do not tell it (medians, counts).",
    "is_small_sample": "Whether n is below the metric's minimum sample: the value then says little.",
}


def create_subject_views(connection: duckdb.DuckDBPyConnection) -> dict[str, Described]:
    """Create `metrics.<subject>` for every subject of meta.metrics in the database in use; returns their descriptions.

    Raises ValueError for a subject that is no plain lower-case word.
    """
    of_subject: dict[str, list[MetricDefinition]] = {}
    for definition in read_definitions(connection).values():
        of_subject.setdefault(definition.subject, []).append(definition)
    described = {}
    for subject, definitions in of_subject.items():
        if not re.fullmatch(r"[a-z][a-z_]*", subject) or subject in ("metric_values", *TABLES):
            raise ValueError(
                f"Subject {subject!r} of a metric gives its view no good name: lower-case letters and _ only."
            )
        used = {name for each in definitions for grouping in each.groupings for name in grouping}
        dimensions = [each for name, each in DIMENSIONS.items() if name in used]
        has_errors = any(each.metric.endswith(_STANDARD_ERROR) for each in definitions)
        connection.execute(f"create view metrics.{subject} as {_view(subject, dimensions, has_errors)}")
        labels = ", ".join(sorted(each.label for each in definitions))
        described[f"metrics.{subject}"] = Described(
            f"Numbers on {subject.replace('_', ' ')}, with names and 95 % intervals: {labels}. Filter on is_current for "
            "the numbers that hold now and on one `cut` (total, by product, ...): a dimension that is null means all of it.",
            _COMMENTS,
        )
    return described


def _view(subject: str, dimensions: list[Dimension], has_errors: bool) -> str:
    columns, joins = [], []
    for each in dimensions:
        columns.append(f"numbers.{each.name}")
        if each.label:
            columns.append(f"{each.name}_names.{each.label}")
            same = " and ".join(f"numbers.{key} = {each.name}_names.{key}" for key in each.keys)
            joins.append(f"left join {each.relation} as {each.name}_names on {same}")
    # Of a net promoter score the interval comes from its published standard error; the numbers meet by their whole key.
    if has_errors:
        key = ("is_current", "grain", "period_start", *DIMENSIONS)
        same = " and ".join(f"numbers.{name} is not distinct from errors.{name}" for name in key)
        joins.append(
            f"left join (select * from metrics.metric_values where is_current and ends_with(metric, '{_STANDARD_ERROR}')) "
            f"as errors on numbers.metric || '{_STANDARD_ERROR}' = errors.metric and {same}"
        )
    members = "".join(f"{column}, " for column in columns)
    parts = ", ".join(
        f"case when numbers.{each.name} is not null then '{each.name.removesuffix('_id')}' end"
        for each in dimensions
    )
    cut = f"coalesce('by ' || nullif(concat_ws(' and ', {parts}), ''), 'total')" if parts else "'total'"
    return f"""
        select
            numbers.metric, catalogue.label, catalogue.unit, numbers.grain, numbers.period_start,
            case numbers.grain
                when 'week' then strftime(numbers.period_start + 3, '%G-W%V')
                when 'month' then strftime(numbers.period_start, '%Y-%m')
                else strftime(numbers.period_start, '%Y-%m-%d')
            end as period,
            {cut} as cut,
            {members}
            numbers.value,
            {_interval("-", has_errors)} as interval_low,
            {_interval("+", has_errors)} as interval_high,
            numbers.numerator, numbers.denominator, numbers.n,
            coalesce(numbers.n < catalogue.minimum_sample, false) as is_small_sample,
            catalogue.good_direction,
            targets.at_least as target_at_least, targets.at_most as target_at_most,
            case when targets.metric is not null and numbers.value is not null
                then coalesce(numbers.value >= targets.at_least, true) and coalesce(numbers.value <= targets.at_most, true)
            end as is_on_target,
            numbers.revision, numbers.as_of, numbers.is_current
        from metrics.metric_values as numbers
        inner join meta.metrics as catalogue on numbers.metric = catalogue.metric
        left join mart.dim_target as targets on numbers.metric = targets.metric and {_whole(dimensions)}
        {" ".join(joins)}
        where catalogue.subject = '{subject}'
    """


def _whole(dimensions: list[Dimension]) -> str:
    """SQL: whether a row stands for the whole."""
    return " and ".join(f"numbers.{each.name} is null" for each in dimensions) or "true"


def _interval(sign: str, has_errors: bool) -> str:
    """SQL of an end of the 95 % interval: a score's by its standard error, any other's by how chance moves its unit."""
    bounded, limit = ("greatest", "-100") if sign == "-" else ("least", "100")
    score = f"when errors.value is not null then {bounded}({limit}, numbers.value {sign} {_Z}::double * errors.value)"
    by_unit = [f"when catalogue.unit = '{unit}' and {found}" for unit in Unit if (found := _end(unit, sign))]
    return f"case {score if has_errors else ''} {' '.join(by_unit)} end"


def _end(unit: Unit, sign: str) -> str:
    """`condition then value` for an end of the interval in a unit; empty where value and n do not tell it."""
    numerator, denominator, n = "numbers.numerator", "numbers.denominator", "numbers.n"
    match unit.chance:
        case Chance.SHARE:
            return f"numbers.value between 0 and 1 and {n} > 0 then {_wilson('numbers.value', n, sign)}"
        case Chance.ODDS:
            both = f"({numerator} + {denominator})"
            share = _wilson(f"({numerator} / {both})", both, sign)
            return f"{denominator} > 0 then {share} / (1 - {share})"
        case Chance.RATE:
            return f"{denominator} > 0 then {unit.per} * ({_byar(numerator, sign)}) / {denominator}"
        case Chance.COUNT | Chance.NONE:
            return ""
        case _:
            assert_never(unit.chance)


def _wilson(share: str, n: str, sign: str) -> str:
    bounded, edge = ("greatest", "0") if sign == "-" else ("least", "1")
    square = f"{_Z}::double * {_Z}"
    return f"{bounded}({edge}, ({share} + {square} / (2 * {n}) {sign} {_Z}::double * " \
        f"sqrt({share} * (1 - {share}) / {n} + {square} / (4.0 * {n} * {n}))) / (1 + {square} / {n}))"  # fmt: skip


def _byar(events: str, sign: str) -> str:
    """Byar's approximation of Poisson's interval of a number of events."""
    count = events if sign == "-" else f"({events} + 1)"
    found = f"{count} * pow(1 - 1 / (9 * {count}) {sign} {_Z}::double / (3 * sqrt({count})), 3)"
    return f"case when {events} > 0 then greatest(0, {found}) else 0 end" if sign == "-" else found
