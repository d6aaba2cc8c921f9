"""Views `mart.counted_*` of the published mart: of a fact exactly the rows that a metric counts.

A plain `count(*)` or average over one, by week, is the published number. The condition is the filter of the metric that names
the view (`counting_view` in its meta) and stands nowhere else. What is a state and no event, such as who is a customer, has no metric
that counts it by its day: there the mart itself names the view, its condition and what a plain query gives.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from metrics.filters import condition_of, expressions_of
from publication.meta import PUBLISHED_SCHEMAS, Described


@dataclass(frozen=True)
class Number:
    """A metric that is an aggregate of a counting view's rows. `aggregate`: `sum`, `count_distinct`, `percentile_cont(0.5)`, ...

    `expression`: what is aggregated, SQL over the view's columns; `day`: the column by whose day a row counts, empty for a state;
    `is_published`: whether it has numbers of its own, or only feeds others.
    """

    metric: str
    label: str
    description: str
    aggregate: str
    expression: str
    day: str
    is_published: bool

    @property
    def sql(self) -> str:
        """The aggregate as any engine of the mart's readers understands it."""
        match self.aggregate:
            case "sum" if self.expression == "1":
                return "count(*)"
            case "count_distinct":
                return f"count(distinct {self.expression})"
            case how if how.startswith("percentile"):
                return f"{how} within group (order by {self.expression})"
            case how:
                return f"{how}({self.expression})"


@dataclass(frozen=True)
class Share:
    """A published metric that is one number of a view divided by another of the same rows; both by the name of their metric."""

    metric: str
    label: str
    description: str
    numerator: str
    denominator: str


@dataclass(frozen=True)
class CountingView:
    """`fact`: the published table that it shows a part of; `condition`: SQL over its columns; `numbers`: what it gives.

    `text`: what it is, of a view that a mart names.
    """

    name: str
    fact: str
    condition: str
    numbers: tuple[Number, ...]
    shares: tuple[Share, ...] = ()
    text: str = ""


def counting_views_of(dbt_target: Path) -> tuple[CountingView, ...]:
    """The views that metrics and marts name, in the order of their names, from what dbt writes into this folder.

    Raises ValueError as `counting_views` does.
    """
    semantic, manifest = (
        json.loads((dbt_target / name).read_text()) for name in ("semantic_manifest.json", "manifest.json")
    )
    return tuple(sorted((*counting_views(semantic), *_state_views(manifest)), key=lambda view: view.name))


def _state_views(manifest: Mapping[str, Any]) -> Iterator[CountingView]:
    for node in manifest["nodes"].values():
        named = ((node.get("config") or {}).get("meta") or {}).get("counting_view")
        if named and node["resource_type"] == "model":
            fact = f"{PUBLISHED_SCHEMAS[node['schema']]}.{node['name']}"
            numbers = tuple(
                Number(name, given["label"], "", "sum", str(given["sum"]), "", False)
                for name, given in named["numbers"].items()
            )
            yield CountingView(named["name"], fact, named["condition"], numbers, text=named["text"])


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
    numbers: dict[tuple[str, str], list[Number]] = {}
    for metric in simple:
        model, measure = measures[metric["type_params"]["measure"]["name"]]
        part = (_table(model), _condition(metric, model))
        day = measure["agg_time_dimension"] or model["defaults"]["agg_time_dimension"]
        numbers.setdefault(part, []).append(_number(metric, measure, day))
        if view := ((metric.get("config") or {}).get("meta") or {}).get("counting_view"):
            parts.setdefault(str(view), set()).add(part)
    for view, of_view in parts.items():
        if len(of_view) > 1 or not all(table and condition for table, condition in of_view):
            raise ValueError(
                f"The counting view {view} is to show one part of one published mart: give each filter a view of its own."
            )
    return tuple(
        CountingView(
            view,
            table,
            condition,
            tuple(numbers[table, condition]),
            tuple(_shares(semantic_manifest, numbers[table, condition])),
        )
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
        what = view.text or (
            f"The rows of {view.fact} that count ({view.condition}), for a plain count or average of complete weeks or months."
        )
        numbers = (
            f"{each.label}: {each.sql}{f' by {each.day}' if each.day else ''}" for each in view.numbers
        )
        text = f"{what} {'; '.join(numbers)}."
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


def _number(metric: Mapping[str, Any], measure: Mapping[str, Any], day: str) -> Number:
    how = measure["agg"]
    if how == "percentile":
        how = f"percentile_cont({measure['agg_params']['percentile']})"
    elif how == "median":
        how = "percentile_cont(0.5)"
    return Number(
        metric["name"], metric["label"], metric["description"] or "", how, measure["expr"] or measure["name"], day, _is_published(metric)
    )  # fmt: skip


def _shares(semantic_manifest: Mapping[str, Any], numbers: Sequence[Number]) -> Iterator[Share]:
    """The ratios of two numbers of one view that count a row by the same day."""
    of_view = {each.metric: each for each in numbers}
    for metric in semantic_manifest["metrics"]:
        if metric["type"] != "ratio" or not _is_published(metric):
            continue
        parts = [metric["type_params"][part] for part in ("numerator", "denominator")]
        held = [of_view.get(part["name"]) for part in parts if not part.get("filter")]
        if len(held) == 2 and held[0] and held[1] and held[0].day == held[1].day:
            yield Share(
                metric["name"], metric["label"], metric["description"] or "", held[0].metric, held[1].metric
            )


def _is_published(metric: Mapping[str, Any]) -> bool:
    return "grain" in ((metric.get("config") or {}).get("meta") or {})
