"""Views `mart.counted_*` of the published mart: of a fact exactly the rows that a metric counts.

A plain `count(*)` or average over one, by week, is the published number. The condition is the filter of the metric that names
the view (`counting_view` in its meta) and stands nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from metrics.filters import condition_of, expressions_of
from publication.meta import PUBLISHED_SCHEMAS, Described


@dataclass(frozen=True)
class CountingView:
    """`fact`: the published table that it shows a part of; `condition`: SQL over its columns; `numbers`: what it gives, in words."""

    name: str
    fact: str
    condition: str
    numbers: tuple[str, ...]


def counting_views(semantic_manifest: Mapping[str, Any]) -> tuple[CountingView, ...]:
    """The views that metrics name, in the order of their names, from the `semantic_manifest.json` that dbt writes.

    Raises ValueError for a view that is named by two filters, or by a metric whose model is not published.
    """
    measures = {
        measure["name"]: (model, measure)
        for model in semantic_manifest["semantic_models"]
        for measure in model["measures"]
    }
    simple = [metric for metric in semantic_manifest["metrics"] if metric["type"] == "simple"]
    parts: dict[str, set[tuple[str, str]]] = {}
    numbers: dict[tuple[str, str], list[str]] = {}
    for metric in simple:
        model, measure = measures[metric["type_params"]["measure"]["name"]]
        part = (_table(model), _condition(metric, model))
        day = measure["agg_time_dimension"] or model["defaults"]["agg_time_dimension"]
        numbers.setdefault(part, []).append(f"{metric['label']}: {_aggregate(measure)} by {day}")
        if view := ((metric.get("config") or {}).get("meta") or {}).get("counting_view"):
            parts.setdefault(str(view), set()).add(part)
    for view, of_view in parts.items():
        if len(of_view) > 1 or not all(table and condition for table, condition in of_view):
            raise ValueError(
                f"The counting view {view} is to show one part of one published mart: give each filter a view of its own."
            )
    return tuple(
        CountingView(view, table, condition, tuple(numbers[table, condition]))
        for view, ((table, condition),) in sorted((view, tuple(part)) for view, part in parts.items())
    )


def create_counting_views(
    connection: duckdb.DuckDBPyConnection, views: Sequence[CountingView], described: Mapping[str, Described]
) -> dict[str, Described]:
    """Create the views whose fact is there in the database in use; returns their descriptions. `described`: the marts'."""
    tables = {
        f"{schema}.{table}"
        for schema, table in connection.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = current_database()"
        ).fetchall()
    }
    created = {}
    for view in views:
        if view.fact not in tables:
            continue
        connection.execute(
            f"create view mart.{view.name} as select * from {view.fact} where {view.condition}"
        )
        fact = described.get(view.fact, Described("", {}))
        text = (
            f"The rows of {view.fact} that count ({view.condition}), for a plain count or average of complete weeks or months. "
            + "; ".join(view.numbers)
            + "."
        )
        created[f"mart.{view.name}"] = replace(fact, text=text)
    return created


def _table(model: Mapping[str, Any]) -> str:
    """The published table that a semantic model reads; empty when it reads another."""
    relation = model["node_relation"]
    schema = PUBLISHED_SCHEMAS.get(relation["schema_name"])
    return f"{schema}.{relation['alias']}" if schema else ""


def _condition(metric: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    """The metric's filter as SQL over the columns of its model; empty without one."""
    return " ".join(condition_of(expressions_of(model), metric.get("filter")).split())


def _aggregate(measure: Mapping[str, Any]) -> str:
    expression, how = measure["expr"] or measure["name"], measure["agg"]
    match how:
        case "sum" if expression == "1":
            return "count(*)"
        case "count_distinct":
            return f"count(distinct {expression})"
        case "percentile":
            return f"quantile_cont({expression}, {measure['agg_params']['percentile']})"
        case _:
            return f"{how}({expression})"
