"""From a request to SQL: the one place that knows MetricFlow's classes, which are no stable interface.

MetricFlow turns metrics, grouping and periods into one SELECT. Nothing is run here. To import it takes a second.
"""

from collections.abc import Sequence
from datetime import datetime

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

from settings.weeks import MONDAY, FirstDay


class Compiler:
    """Of one semantic manifest, given as its text. Loading takes about a second, a request some hundredths."""

    def __init__(self, semantic_manifest: str, week_starts_on: FirstDay) -> None:
        lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(semantic_manifest))
        self._engine = MetricFlowEngine(
            semantic_manifest_lookup=lookup, sql_client=_RenderOnlyClient(week_starts_on)
        )

    def sql(
        self, metrics: Sequence[str], group_by: Sequence[str], days: tuple[datetime, datetime] | None = None
    ) -> str:
        """One SELECT of metrics, by the names that MetricFlow has for dimensions, for all days or the first and last of some."""
        first, last = days or (None, None)
        request = MetricFlowQueryRequest.create(
            metric_names=list(metrics),
            group_by_names=list(group_by),
            time_constraint_start=first,
            time_constraint_end=last,
        )
        return str(self._engine.explain(request).sql_statement.sql)


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
