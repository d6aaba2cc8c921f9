"""What launches and experiments did, and what is far from usual, as Dagster assets."""

from collections.abc import Iterator

import dagster as dg

from checks.words import LAUNCH_METRICS_MEANING, LAUNCH_METRICS_REMEDY, SPLIT_MEANING, SPLIT_REMEDY
from orchestration.check_words import CheckWords
from orchestration.damage import spoiled_put_aside
from orchestration.keys import (
    EXPERIMENT_EFFECTS,
    EXPERIMENTS,
    FRESH,
    LAUNCH_KPIS,
    LAUNCHES,
    METRIC_VALUES,
    SIGNALS,
    WAREHOUSE_POOL,
)
from orchestration.runs import night_of_run
from settings.home import Home
from settings.night import reporting_zone
from settings.owners import owner_of
from settings.weeks import week_starts_on

MEASURABLE = "launch_metrics_can_be_measured"
SPLIT = "people_are_split_as_planned"
_AREA = "product"


def launches_asset(models: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """Both tables of a night, downstream of the metrics and of what the registry says of launches."""
    declared = sorted(
        key
        for key in models.keys
        if key.path[-1] in ("dim_launch", "dim_launch_kpi", "bridge_launch_account")
    )
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


def experiments_asset(models: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """Both tables of a night, downstream of what the registry, the tools and the events say of experiments."""
    marts = sorted(
        key
        for key in models.keys
        if key.path[-1] in ("dim_experiment", "fct_experiment_variant", "fct_experiment_effect")
    )
    words = CheckWords(
        SPLIT_MEANING,
        owner_of(_AREA),
        SPLIT_REMEDY,
        False,
        "The experiment has no verdict, and its page says why; nothing else is touched.",
    )

    @dg.multi_asset(
        specs=[
            dg.AssetSpec(
                EXPERIMENT_EFFECTS,
                # The metrics make the schema that the tables are in.
                deps=[METRIC_VALUES, *marts],
                group_name="learning_product_ops",
                owners=[owner_of(_AREA)],
                kinds={"duckdb"},
                description=(
                    "Each effect of each variant against the control: difference, relative change, 95 % intervals, and whether its "
                    "bound is met, missed or neither. Grain: experiment, effect and variant."
                ),
                metadata={"dagster/table_name": "metrics.experiment_effects"},
                freshness_policy=FRESH,
            ),
            dg.AssetSpec(
                EXPERIMENTS,
                deps=[METRIC_VALUES, *marts],
                group_name="learning_product_ops",
                owners=[owner_of(_AREA)],
                kinds={"duckdb"},
                description=(
                    "The verdict of each experiment, whether its people were split as planned, and how many of them there are of those "
                    "that were planned. Grain: experiment."
                ),
                metadata={"dagster/table_name": "metrics.experiments"},
                freshness_policy=FRESH,
            ),
        ],
        name=EXPERIMENTS.to_python_identifier(),
        check_specs=[words.spec(SPLIT, EXPERIMENTS)],
        pool=WAREHOUSE_POOL,
    )
    def experiments(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        from learning.experiments import write_experiments

        night, home = night_of_run(context), Home.from_environment()
        with spoiled_put_aside(home):
            run = write_experiments(home.warehouse, night.as_of)
        yield dg.MaterializeResult(asset_key=EXPERIMENT_EFFECTS, metadata={"dagster/row_count": run.effects})
        yield dg.MaterializeResult(
            asset_key=EXPERIMENTS,
            metadata={"dagster/row_count": run.experiments},
            check_results=[words.result(SPLIT, EXPERIMENTS, not run.not_trusted, ", ".join(run.not_trusted))],
        )

    return experiments


def signals_asset(models: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """The signals of a night, downstream of the metrics and of what explains them."""
    explained = sorted(key for key in models.keys if key.path[-1] in ("dim_launch", "dim_date"))

    @dg.asset(
        key=SIGNALS,
        deps=[METRIC_VALUES, *explained],
        group_name="learning_product_ops",
        owners=[owner_of(_AREA)],
        kinds={"duckdb"},
        description=(
            "Numbers far from what is usual for them at their weekday, of all published daily and weekly series and cuts: expected "
            "value, distance, chance corrected for all that were looked at, and launches and holidays nearby. Grain: number."
        ),
        metadata={"dagster/table_name": "metrics.signals"},
        pool=WAREHOUSE_POOL,
        freshness_policy=FRESH,
    )
    def found_signals(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        from learning.night_signals import write_signals

        night, home = night_of_run(context), Home.from_environment()
        with spoiled_put_aside(home):
            run = write_signals(home.warehouse, night.as_of)
        return dg.MaterializeResult(metadata={"dagster/row_count": run.signals, "series": run.series})

    return found_signals
