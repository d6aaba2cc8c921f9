"""What launches did, as Dagster assets: each metric at each checkpoint, and the verdict of each launch."""

from collections.abc import Iterator

import dagster as dg

from checks.words import LAUNCH_METRICS_MEANING, LAUNCH_METRICS_REMEDY
from orchestration.check_words import CheckWords
from orchestration.damage import spoiled_put_aside
from orchestration.keys import FRESH, LAUNCH_KPIS, LAUNCHES, METRIC_VALUES, WAREHOUSE_POOL
from orchestration.runs import night_of_run
from settings.home import Home
from settings.night import reporting_zone
from settings.owners import owner_of
from settings.weeks import week_starts_on

MEASURABLE = "launch_metrics_can_be_measured"
_AREA = "product"


def launches_asset(models: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """Both tables of a night, downstream of the metrics and of what the registry says of launches."""
    declared = sorted(key for key in models.keys if key.path[-1] in ("dim_launch", "dim_launch_kpi"))
    words = CheckWords(
        LAUNCH_METRICS_MEANING,
        owner_of(_AREA),
        LAUNCH_METRICS_REMEDY,
        False,
        "The launch has no verdict, and its page says why; nothing else is touched.",
    )

    @dg.multi_asset(
        specs=[
            dg.AssetSpec(
                LAUNCH_KPIS,
                deps=[METRIC_VALUES, *declared],
                group_name="learning_product_ops",
                owners=[owner_of(_AREA)],
                kinds={"metricflow", "duckdb"},
                description=(
                    "Each metric of each declared launch 1, 7, 14, 30 and 90 days after it: baseline, value, 95 % interval, and "
                    "whether the target is met, missed or neither. Grain: launch, metric and checkpoint."
                ),
                metadata={"dagster/table_name": "metrics.launch_kpis"},
                freshness_policy=FRESH,
            ),
            dg.AssetSpec(
                LAUNCHES,
                deps=[LAUNCH_KPIS, *declared],
                group_name="learning_product_ops",
                owners=[owner_of(_AREA)],
                kinds={"duckdb"},
                description=(
                    "The verdict of each launch: confirmed, refuted, inconclusive or not yet, and whether what was expected was "
                    "written before. Grain: launch."
                ),
                metadata={"dagster/table_name": "metrics.launches"},
                freshness_policy=FRESH,
            ),
        ],
        name=LAUNCHES.to_python_identifier(),
        check_specs=[words.spec(MEASURABLE, LAUNCHES)],
        pool=WAREHOUSE_POOL,
    )
    def launches(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[None]]:
        from learning.launches import write_launches
        from metrics.engine import MetricEngine

        night, home = night_of_run(context), Home.from_environment()
        first_day = night.history_start.astimezone(reporting_zone()).date()
        engine = MetricEngine(home.dbt_target / "semantic_manifest.json", week_starts_on())
        with spoiled_put_aside(home):
            run = write_launches(home.warehouse, engine, night.as_of, first_day)
        yield dg.MaterializeResult(asset_key=LAUNCH_KPIS, metadata={"dagster/row_count": run.readings})
        yield dg.MaterializeResult(
            asset_key=LAUNCHES,
            metadata={"dagster/row_count": run.launches, "declared": run.declared},
            check_results=[
                words.result(MEASURABLE, LAUNCHES, not run.unmeasurable, "; ".join(run.unmeasurable))
            ],
        )

    return launches
