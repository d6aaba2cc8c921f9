"""The definitions as a table: `metrics.metric_definitions` of the warehouse, `meta.metrics` of the published mart."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from metrics.definitions import MetricDefinition
from settings.units import UNITS_EXPLAINED, Unit
from settings.weeks import FIRST_DAYS, FirstDay

_WHOLE = "all"


@dataclass(frozen=True)
class Column:
    """How a field of the definition is kept: SQL type and comment, and what turns it into that type and back."""

    kind: str
    comment: str
    write: Callable[[Any], Any] = lambda value: value
    read: Callable[[Any], Any] = lambda value: value


def _listed(comment: str) -> Column:
    return Column("text", comment, ", ".join, lambda text: tuple(text.split(", ")) if text else ())


def _written_groupings(groupings: Iterable[tuple[str, ...]]) -> str:
    return ", ".join(" × ".join(grouping) or _WHOLE for grouping in groupings)


def _read_groupings(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(() if each == _WHOLE else tuple(each.split(" × ")) for each in text.split(", "))


def _read_leave_out(text: str) -> dict[str, tuple[str, ...]]:
    return {dimension: tuple(values) for dimension, values in json.loads(text).items()}


COLUMNS = {
    "metric": Column("text", "Name of the metric."),
    "label": Column("text", "Name of the metric for people."),
    "subject": Column("text", "Subject, and so the view of schema metrics that shows it."),
    "description": Column("text", "What it measures, in a sentence."),
    "owner": Column("text", "Who answers for it."),
    "unit": Column("text", f"Unit of its value. {UNITS_EXPLAINED}", str, Unit),
    "good_direction": Column("text", "Whether up or down is good."),
    "minimum_sample": Column("integer", "Below this n a value says little; null: always shown."),
    "definition_version": Column("integer", "Counts changes of its definition."),
    "grain": Column("text", "Length of its periods: day, week or month."),
    "groupings": Column(
        "text",
        "Sets of dimensions by which it is cut, separated by commas; `all` is the whole.",
        _written_groupings,
        _read_groupings,
    ),
    "numerator": Column("text", "Metric that gives the numerator."),
    "denominator": Column("text", "Metric that gives the denominator."),
    "sample": Column("text", "Metric that gives n."),
    "specification": Column("text", "Chapter of the specification of metrics."),
    "exclusions": Column("text", "What it leaves out on purpose."),
    "known_gaps": Column("text", "What it cannot see, and what to know before it is quoted."),
    "families": _listed("Kinds of tools that it is made of, separated by commas."),
    "families_of_cuts": _listed("Those of its kinds of tools that only its cuts need, separated by commas."),
    "closes_after_days": Column("integer", "Days after a period's end until its value can be known."),
    "is_open_ended": Column("boolean", "Whether its values grow with what happens later, which restates nothing."),
    "window_days": Column("integer", "Days that a value looks back over; 1: those of its period."),
    "leave_out": Column(
        "text",
        "JSON: values of a dimension that have no value of this metric.",
        json.dumps,
        _read_leave_out,
    ),
}  # fmt: skip


def write_definitions(
    connection: duckdb.DuckDBPyConnection, relation: str, definitions: Iterable[MetricDefinition]
) -> None:
    """Create the table of the definitions anew: a row a metric."""
    declared = ", ".join(f"{name} {column.kind}" for name, column in COLUMNS.items())
    connection.execute(f"create or replace table {relation} ({declared})")
    connection.executemany(
        f"insert into {relation} values ({', '.join('?' for _ in COLUMNS)})",
        [[_written(definition, name) for name in COLUMNS] for definition in definitions],
    )


def read_definitions(
    connection: duckdb.DuckDBPyConnection, relation: str = "meta.metrics"
) -> dict[str, MetricDefinition]:
    """The definitions by metric, in the order of subject and name.

    What a mart that was published by an older version does not say is as for a metric that does not say it.
    """
    found = connection.execute(f"select * from {relation} order by subject, metric")
    names = [str(column[0]) for column in found.description or ()]
    rows = (dict(zip(names, row, strict=True)) for row in found.fetchall())
    return {row["metric"]: MetricDefinition(**_known(row)) for row in rows}


def week_starts_on_of(mart: duckdb.DuckDBPyConnection) -> FirstDay:
    """The first day of the weeks in which the numbers of a published mart are cut."""
    ((found,),) = mart.execute("select week_starts_on from mart.dim_organisation").fetchall()
    return next(day for day in FIRST_DAYS if day == found)


def _written(definition: MetricDefinition, name: str) -> Any:
    value = getattr(definition, name)
    return None if value is None else COLUMNS[name].write(value)


def _known(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: COLUMNS[name].read(value)
        for name, value in row.items()
        if name in COLUMNS and value is not None
    }
