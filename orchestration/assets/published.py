"""The published mart as a Dagster asset: what was built and proven, in one file that readers open at any hour."""

import dagster as dg

from connectors.raw_facts import read_states
from orchestration.assets.dbt import dbt_variables
from orchestration.evaluations import check_evaluations
from orchestration.keys import FRESH, METRIC_VALUES, PUBLISHED_MART, WAREHOUSE_POOL, retry
from orchestration.proof import refuse_unproven
from orchestration.runs import night_of_run
from publication.file import publish
from publication.kept_night import keep_night
from publication.meta import models_described
from reports.files import forget_withheld
from settings.home import Home
from settings.night import reporting_zone
from settings.owners import PLATFORM, owner_of


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
        retry_policy=retry(),
        freshness_policy=FRESH,
    )
    def published_mart(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        home, night = Home.from_environment(), night_of_run(context)
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
