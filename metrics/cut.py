"""A metric by dimensions that its owner did not sign, computed by MetricFlow over the facts of the published mart."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb

from metrics.answers import QueryRow, called, did_you_mean, names_of_members
from metrics.catalogue import week_starts_on_of
from metrics.definitions import MetricDefinition
from metrics.engine import MetricEngine
from metrics.periods import period_name


def computed_rows(
    mart: duckdb.DuckDBPyConnection,
    semantic_manifest: Path,
    definition: MetricDefinition,
    by: Sequence[str],
    first_day: date,
    last_day: date,
) -> tuple[tuple[str, ...], tuple[QueryRow, ...]]:
    """The dimensions by their full names, and a row for each period and combination of their members.

    `mart`: the published mart in use. Dates are of the reporting time zone, both inclusive. Raises ValueError for a
    dimension that the metric does not have (naming those it has), or a metric that does not stand on facts.
    """
    engine = MetricEngine(semantic_manifest, week_starts_on_of(mart))
    is_computed = definition.metric in {each.metric for each in engine.definitions}
    if not is_computed or not all(
        relation.startswith("marts.fct_") for relation in engine.relations(definition.inputs)
    ):
        raise ValueError(
            f"{definition.metric} is prepared by its dimensions and cannot be cut anew: ask for it {definition.cuts}."
        )
    dimensions = tuple(
        _dimension(name, definition.metric, engine.dimensions(definition.inputs)) for name in by
    )
    _show_as_warehouse(mart, engine.catalogue)
    rows = mart.execute(_select(engine, definition, dimensions, first_day, last_day)).fetchall()
    names = names_of_members(mart)
    return dimensions, tuple(
        QueryRow(
            period_name(definition.grain, period), tuple(called(each, names) for each in of), value, n, None
        )
        for period, value, n, *of in rows
    )


def _dimension(name: str, metric: str, known: Sequence[str]) -> str:
    for each in (name, f"{name}_id"):
        if each in known:
            return each
    spellings = {spelling: each for each in known for spelling in (each, each.removesuffix("_id"))}
    raise ValueError(
        f"{metric} has no dimension {name!r}.{did_you_mean(name.lower(), spellings)} It can be cut by "
        f"{', '.join(each.removesuffix('_id') for each in known)}."
    )


def _show_as_warehouse(mart: duckdb.DuckDBPyConnection, catalogue: str) -> None:
    """Under the names that compiled SQL gives them, the published marts."""
    tables = mart.execute(
        "select table_name from information_schema.tables "
        "where table_catalog = current_database() and table_schema = 'mart'"
    ).fetchall()
    mart.execute(f"attach ':memory:' as \"{catalogue}\"")
    mart.execute(f'create schema "{catalogue}".marts')
    for (table,) in tables:
        mart.execute(f'create view "{catalogue}".marts."{table}" as select * from published.mart."{table}"')


def _select(
    engine: MetricEngine,
    definition: MetricDefinition,
    dimensions: tuple[str, ...],
    first_day: date,
    last_day: date,
) -> str:
    request = engine.compile(definition.inputs, dimensions, definition.grain)
    members = [
        f"coalesce(cast({request.dimension_columns[name]} as text), '(none)') as {name}"
        for name in dimensions
    ]
    columns = ", ".join(
        (f"cast({request.period_column} as date) as period_start", f"cast({definition.metric} as double)",
         f"cast(coalesce({definition.sample}, 0) as bigint)", *members)
    )  # fmt: skip
    counted = f"({definition.metric} is not null or {definition.sample} > 0)"
    order = ", ".join(("1", *(str(4 + place) for place in range(len(members)))))
    return (
        f"select {columns} from ({request.sql}) as compiled "
        f"where {request.period_column} between date '{first_day}' and date '{last_day}' and {counted} order by {order}"
    )
