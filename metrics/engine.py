"""From the metrics' YAML to SQL: the one place that knows MetricFlow's classes, which are no stable interface.

dbt writes `semantic_manifest.json` when it parses the project; MetricFlow turns a request (metrics, grouping,
periods) into one SELECT. Nothing is run here.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any

from metricflow.data_table.mf_table import MetricFlowDataTable
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlExpressionRenderer, DuckDbSqlPlanRenderer
from metricflow.sql.render.expr_renderer import SqlExpressionRenderResult
from metricflow.sql.render.sql_plan_renderer import SqlPlanRenderer
from metricflow_semantic_interfaces.type_enums.time_granularity import TimeGranularity
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup
from metricflow_semantics.sql.sql_bind_parameters import SqlBindParameterSet
from metricflow_semantics.sql.sql_exprs import SqlDateTruncExpression

from metrics.definitions import (
    MetricDefinition,
    MetricDefinitionError,
    models_of_metrics,
    published_definitions,
)
from settings.families import sources_counted
from settings.weeks import MONDAY, FirstDay


@dataclass(frozen=True)
class CompiledRequest:
    """One SELECT and the names of its columns: the period's first day, each dimension, each metric (its own name)."""

    sql: str
    period_column: str
    dimension_columns: Mapping[str, str]


@dataclass(frozen=True)
class SourceRows:
    """What a metric reads: the relation, the SQL of its day, and the SQL of everything else that can matter."""

    relation: str
    day: str
    columns: tuple[str, ...]


class MetricEngine:
    """Compiles metrics of one `semantic_manifest.json`, beside which lies dbt's `manifest.json`.

    Loading takes about a second, a request some hundredths the first time. Raises FileNotFoundError when dbt has not parsed the
    project yet, MetricDefinitionError when a definition is incomplete.
    """

    def __init__(self, semantic_manifest: Path, week_starts_on: FirstDay = MONDAY) -> None:
        if not semantic_manifest.exists():
            raise FileNotFoundError(
                f"{semantic_manifest} does not exist: parse the dbt project first (`dbt parse`)."
            )
        self._file = semantic_manifest
        self.week_starts_on = week_starts_on
        text = semantic_manifest.read_text()
        self.version = hashlib.sha256(text.encode()).hexdigest()
        self._manifest: dict[str, Any] = json.loads(text)
        lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(text))
        self._engine = MetricFlowEngine(
            semantic_manifest_lookup=lookup, sql_client=_RenderOnlyClient(week_starts_on)
        )
        self._compiled: dict[tuple[object, ...], CompiledRequest] = {}

    @cached_property
    def catalogue(self) -> str:
        """The database that the compiled SQL names: attach the warehouse under this name."""
        names = {model["node_relation"]["database"] for model in self._manifest["semantic_models"]}
        if len(names) != 1:
            raise MetricDefinitionError(f"Semantic models must lie in one database, not in {sorted(names)}.")
        return str(names.pop())

    @cached_property
    def definitions(self) -> tuple[MetricDefinition, ...]:
        """Every metric that is published, in the order of its name; those without a `grain` only feed others."""
        return published_definitions(self._manifest, self._nodes)

    def compile(
        self, metrics: Sequence[str], grouping: Sequence[str], grain: str, first_day: date, last_day: date
    ) -> CompiledRequest:
        """SQL of metrics that share a grain and a grouping, for the periods within two days (both inclusive).

        Weeks from Sunday bring parts of those before and after along, because MetricFlow widens the days to whole
        weeks from Monday: callers take the periods that they asked for.
        """
        asked = (tuple(metrics), tuple(grouping), grain, first_day, last_day)
        if asked not in self._compiled:
            self._compiled[asked] = self._compile(*asked)
        return self._compiled[asked]

    def _compile(
        self, metrics: Sequence[str], grouping: Sequence[str], grain: str, first_day: date, last_day: date
    ) -> CompiledRequest:
        group_by = {name: self._group_by_name(metrics[0], name) for name in grouping}
        period_column = f"metric_time__{grain}"
        request = MetricFlowQueryRequest.create(
            metric_names=list(metrics),
            group_by_names=[period_column, *group_by.values()],
            time_constraint_start=datetime.combine(first_day, time()),
            time_constraint_end=datetime.combine(last_day, time()),
        )
        return CompiledRequest(self._engine.explain(request).sql_statement.sql, period_column, group_by)

    def dimensions(self, metrics: Sequence[str]) -> tuple[str, ...]:
        """The names by which all of some metrics can be grouped, sorted."""
        models = [model for metric in metrics for model in self._models_of(metric)]
        grouped = [
            {item["name"] for item in model["entities"] if item["type"] == "foreign"}
            | {item["name"] for item in model["dimensions"] if item["type"] == "categorical"}
            for model in models
        ]
        return tuple(sorted(set.intersection(*grouped)))

    def relations(self, metrics: Sequence[str]) -> tuple[str, ...]:
        """`schema.table` of everything that some metrics are counted from."""
        relations = [model["node_relation"] for metric in metrics for model in self._models_of(metric)]
        return tuple(sorted({f"{each['schema_name']}.{each['alias']}" for each in relations}))

    def sources(self, metrics: Sequence[str]) -> frozenset[str]:
        """The sources whose records some metrics count."""
        return frozenset().union(*(self._sources[model] for each in metrics for model in self._read[each]))

    def source_rows(self, metric: str) -> SourceRows:
        """The rows that a metric of one measure is made from."""
        model = self._model_of(metric)
        measure_name = self._metrics[metric]["type_params"]["input_measures"][0]["name"]
        measure = next(measure for measure in model["measures"] if measure["name"] == measure_name)
        day_name = measure["agg_time_dimension"] or model["defaults"]["agg_time_dimension"]
        expressions = {item["name"]: str(item["expr"] or item["name"]) for item in model["dimensions"]}
        day = expressions.pop(day_name)
        expressions |= {item["name"]: str(item["expr"] or item["name"]) for item in model["entities"]}
        expressions[measure_name] = str(measure["expr"] or measure_name)
        return SourceRows(
            str(model["node_relation"]["relation_name"]), day, tuple(sorted(set(expressions.values())))
        )

    def _group_by_name(self, metric: str, name: str) -> str:
        """An entity goes by its own name in every model, a dimension by that of its model's primary entity."""
        model = self._model_of(metric)
        if any(entity["name"] == name for entity in model["entities"]):
            return name
        if any(dimension["name"] == name for dimension in model["dimensions"]):
            return f"{_primary_entity(model)}__{name}"
        raise MetricDefinitionError(
            f"Metric {metric} is grouped by {name}, which semantic model {model['name']} does not have: "
            "add the dimension there, or take it out of the metric's groupings."
        )

    def _model_of(self, metric: str) -> dict[str, Any]:
        return self._models_of(metric)[0]

    def _models_of(self, metric: str) -> list[dict[str, Any]]:
        """The semantic model of each measure of a metric, in the measures' order."""
        measures = [measure["name"] for measure in self._metrics[metric]["type_params"]["input_measures"]]
        return [
            next(
                model
                for model in self._manifest["semantic_models"]
                if any(candidate["name"] == measure for candidate in model["measures"])
            )
            for measure in measures
        ]

    @cached_property
    def _nodes(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._file.with_name("manifest.json").read_text())
        return found

    @cached_property
    def _sources(self) -> dict[str, frozenset[str]]:
        return sources_counted(self._nodes)

    @cached_property
    def _read(self) -> dict[str, frozenset[str]]:
        return models_of_metrics(self._manifest, self._nodes)

    @cached_property
    def _metrics(self) -> dict[str, dict[str, Any]]:
        return {metric["name"]: metric for metric in self._manifest["metrics"]}


class _SundayExpressionRenderer(DuckDbSqlExpressionRenderer):  # type: ignore[misc] # MetricFlow tells no types
    """Cuts weeks at Sundays: the week from Monday of the day after, moved back by a day."""

    def visit_date_trunc_expr(self, node: SqlDateTruncExpression) -> SqlExpressionRenderResult:
        if node.time_granularity is not TimeGranularity.WEEK:
            return super().visit_date_trunc_expr(node)
        day = self.render_sql_expr(node.arg)
        return SqlExpressionRenderResult(
            sql=f"(DATE_TRUNC('week', {day.sql} + INTERVAL 1 day) - INTERVAL 1 day)",
            bind_parameter_set=day.bind_parameter_set,
        )


class _SundayPlanRenderer(DuckDbSqlPlanRenderer):  # type: ignore[misc]
    EXPR_RENDERER = _SundayExpressionRenderer()


class _RenderOnlyClient:
    """MetricFlow's `SqlClient` protocol, of which only the dialect is used: it is never asked to run anything."""

    def __init__(self, week_starts_on: FirstDay) -> None:
        self._renderer = DuckDbSqlPlanRenderer() if week_starts_on == MONDAY else _SundayPlanRenderer()

    @property
    def sql_engine_type(self) -> SqlEngine:
        return SqlEngine.DUCKDB

    @property
    def sql_plan_renderer(self) -> SqlPlanRenderer:
        return self._renderer

    def query(
        self, stmt: str, sql_bind_parameter_set: SqlBindParameterSet = SqlBindParameterSet()
    ) -> MetricFlowDataTable:
        raise RuntimeError("Metrics are compiled here, not run.")

    def execute(self, stmt: str, sql_bind_parameter_set: SqlBindParameterSet = SqlBindParameterSet()) -> None:
        raise RuntimeError("Metrics are compiled here, not run.")

    def dry_run(self, stmt: str, sql_bind_parameter_set: SqlBindParameterSet = SqlBindParameterSet()) -> None:
        raise RuntimeError("Metrics are compiled here, not run.")

    def close(self) -> None:
        """Nothing is open."""

    def render_bind_parameter_key(self, bind_parameter_key: str) -> str:
        return f"${bind_parameter_key}"


def _primary_entity(model: Mapping[str, Any]) -> str:
    if model["primary_entity"]:
        return str(model["primary_entity"])
    return str(next(entity["name"] for entity in model["entities"] if entity["type"] == "primary"))
