"""What comes after the marts: metric values, the published mart and the health report."""

import json
from datetime import timedelta

import dagster as dg
from dagster_dbt import DbtProject, get_asset_key_for_model

from orchestration.dbt_assets import WAREHOUSE_POOL, dbt_variables
from orchestration.evaluations import check_evaluations
from orchestration.home import Home
from orchestration.kept_night import keep_night
from orchestration.night import Night, reporting_zone
from orchestration.ownership import PLATFORM, owner_of
from orchestration.publish import publish
from orchestration.published_meta import models_described
from orchestration.report_data import last_complete_week
from orchestration.report_files import forget_withheld, write_report
from orchestration.source_status import read_states

METRIC_VALUES = dg.AssetKey(["metrics", "product_ops", "metric_values"])
PUBLISHED_MART = dg.AssetKey(["published", "product_ops", "mart"])
HEALTH_REPORT = dg.AssetKey(["reports", "product_ops", "health_report"])

_RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)
_FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=30), warn_window=timedelta(hours=26))


def metric_values_asset(project: DbtProject, models: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """The metrics of a night, downstream of every model that a metric reads."""

    @dg.asset(
        key=METRIC_VALUES,
        deps=[get_asset_key_for_model([models], model) for model in _models_read(project)],
        group_name="metrics_product_ops",
        owners=[owner_of(PLATFORM)],
        kinds={"metricflow", "duckdb"},
        description=(
            "Every metric of every complete period, by its dimensions: numerator, denominator, value, n, revision. "
            "Grain: metric, grain, period, dimensions and revision. Report, digest and BI read these rows."
        ),
        metadata={"dagster/table_name": "metrics.metric_values"},
        pool=WAREHOUSE_POOL,
        freshness_policy=_FRESH,
    )
    def metric_values(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        from orchestration.metric_engine import MetricEngine
        from orchestration.metric_values import append_metric_values

        night = Night.of_run(context)
        first_day = night.history_start.astimezone(reporting_zone()).date()
        manifest = Home.from_environment().dbt_target / "semantic_manifest.json"
        run = append_metric_values(
            Home.from_environment().warehouse, MetricEngine(manifest), night.as_of, first_day
        )
        return dg.MaterializeResult(metadata=dict(vars(run)))

    return metric_values


def _models_read(project: DbtProject) -> list[str]:
    """The models that semantic models stand on, from what dbt wrote when it parsed the project."""
    manifest = json.loads((project.manifest_path.parent / "semantic_manifest.json").read_text())
    return sorted({model["node_relation"]["alias"] for model in manifest["semantic_models"]})


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
    description="The weekly Product Ops health report of the last complete week, one self-contained HTML file.",
    retry_policy=_RETRY,
    freshness_policy=_FRESH,
)
def health_report(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    home = Home.from_environment()
    week = last_complete_week(home.published)
    path = write_report(home, week)
    return dg.MaterializeResult(metadata={"week": week, "path": dg.MetadataValue.path(str(path))})
