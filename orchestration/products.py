"""What comes after the marts: metric values, the published mart and the health report."""

import os
from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
from dagster_dbt import DbtProject

from orchestration.dbt_assets import WAREHOUSE_POOL, dbt_variables
from orchestration.engineering.kept_night import keep_night
from orchestration.evaluations import check_evaluations
from orchestration.home import Home
from orchestration.messages.delivery import links
from orchestration.metrics.metric_assets import latest_values, metric_specs, published_metrics
from orchestration.night import Night, reporting_zone
from orchestration.ownership import PLATFORM, owner_of
from orchestration.pages.report_data import last_complete_week
from orchestration.pages.report_files import forget_withheld, write_report
from orchestration.publication.proof import refuse_unproven
from orchestration.publication.publish import publish
from orchestration.publication.published_meta import models_described
from orchestration.source_status import read_states

METRIC_VALUES = dg.AssetKey(["metrics", "product_ops", "metric_values"])
PUBLISHED_MART = dg.AssetKey(["published", "product_ops", "mart"])
HEALTH_REPORT = dg.AssetKey(["reports", "product_ops", "health_report"])

_RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)
_FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=30), warn_window=timedelta(hours=26))


def metric_values_asset(project: DbtProject, models: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """The metrics of a night, an asset each, downstream of the models they read; and the table that holds them all.

    A run of some of them computes all, and reports those.
    """
    metrics = published_metrics(project)
    table = dg.AssetSpec(
        METRIC_VALUES,
        deps=[each.key for each in metrics],
        group_name="metrics_product_ops",
        owners=[owner_of(PLATFORM)],
        kinds={"metricflow", "duckdb"},
        description=(
            "Every metric of every complete period, by its dimensions: numerator, denominator, value, n, revision. "
            "Grain: metric, grain, period, dimensions and revision. Report, digest and BI read these rows."
        ),
        metadata={"dagster/table_name": "metrics.metric_values"},
        freshness_policy=_FRESH,
    )

    @dg.multi_asset(
        specs=[*metric_specs(project, metrics, models, _FRESH), table],
        name=METRIC_VALUES.to_python_identifier(),
        pool=WAREHOUSE_POOL,
        can_subset=True,
    )
    def metric_values(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        from orchestration.metrics.metric_engine import MetricEngine
        from orchestration.metrics.metric_values import append_metric_values

        night, home = Night.of_run(context), Home.from_environment()
        first_day = night.history_start.astimezone(reporting_zone()).date()
        manifest = home.dbt_target / "semantic_manifest.json"
        run = append_metric_values(home.warehouse, MetricEngine(manifest), night.as_of, first_day)
        known = latest_values(home.warehouse)
        for each in metrics:
            if each.key in context.selected_asset_keys:
                yield dg.MaterializeResult(asset_key=each.key, metadata=known.get(each.key.path[-1], {}))
        if METRIC_VALUES in context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=METRIC_VALUES, metadata=dict(vars(run)))

    return metric_values


def published_mart_asset(models: dg.AssetsDefinition) -> dg.AssetsDefinition:
    marts = sorted(key for key in models.keys if key.path[0] == "marts")

    @dg.asset(
        key=PUBLISHED_MART,
        deps=[METRIC_VALUES, *marts],
        group_name="published_product_ops",
        owners=[owner_of(PLATFORM)],
        kinds={"duckdb"},
        description=(
            "What BI tools query: the schemas mart, metrics and meta, in one file that is replaced in one step "
            "when the audit has passed."
        ),
        pool=WAREHOUSE_POOL,
        retry_policy=_RETRY,
        freshness_policy=_FRESH,
    )
    def published_mart(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        home, night = Home.from_environment(), Night.of_run(context)
        refuse_unproven(context, models, METRIC_VALUES)
        publication = publish(
            home.warehouse,
            home.published,
            night.as_of,
            check_evaluations(context.instance, context.run.run_id),
            read_states(home.root, night.until),
            night.until,
            reporting_zone().key,
            models_described(home.dbt_target / "manifest.json"),
        )
        forget_withheld(home)
        keep_night(
            home, night.as_of, night.history_start.astimezone(reporting_zone()).date(), dbt_variables()
        )
        return dg.MaterializeResult(
            metadata={
                "as_of": publication.as_of.isoformat(),
                "revision": publication.revision,
                "path": dg.MetadataValue.path(str(home.published)),
                "rows": sum(publication.row_counts.values()),
            }
        )

    return published_mart


@dg.asset(
    key=HEALTH_REPORT,
    deps=[PUBLISHED_MART],
    group_name="reports_product_ops",
    owners=[owner_of("product")],
    kinds={"html"},
    description=(
        "The weekly Product Ops health report of the last complete week: pages that open anywhere, without a network. "
        "Every number in it is a metric of the published mart; a stale source or failed check is named beside it."
    ),
    retry_policy=_RETRY,
    freshness_policy=_FRESH,
)
def health_report(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    home = Home.from_environment()
    week = last_complete_week(home.published)
    path = write_report(home, week)
    address = links(os.environ).report(week)
    link = {"report": dg.MetadataValue.url(address)} if address else {}
    return dg.MaterializeResult(metadata={"week": week, "path": dg.MetadataValue.path(str(path)), **link})
