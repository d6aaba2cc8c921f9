"""The published mart as Dagster assets: the file that is replaced when a night is proven, and what serves its rows elsewhere."""

import os
from collections.abc import Iterator, Mapping

import dagster as dg

from checks.words import served_remedy
from connectors.raw_facts import read_states
from orchestration.check_words import CheckWords
from orchestration.damage import spoiled_put_aside
from orchestration.dbt_calls import dbt_variables
from orchestration.evaluations import check_evaluations
from orchestration.keys import (
    EXPERIMENT_EFFECTS,
    EXPERIMENTS,
    FRESH,
    LAUNCH_KPIS,
    LAUNCHES,
    METRIC_VALUES,
    PUBLISHED_MART,
    SIGNALS,
    WAREHOUSE_POOL,
    retry,
    target_key,
)
from orchestration.proof import refuse_lost_records, refuse_unproven
from orchestration.runs import night_of_run
from publication.kept_night import keep_night
from publication.target import Edition, Night, PublicationError, Published, Target
from publication.targets import FILE, SERVED
from reports.files import forget_withheld
from settings.home import Home
from settings.night import reporting_zone
from settings.owners import PLATFORM, owner_of

CHECK = "served"


def published_mart_asset(models: dg.AssetsDefinition) -> dg.AssetsDefinition:
    marts = sorted(key for key in models.keys if key.path[0] == "marts")

    @dg.asset(
        key=PUBLISHED_MART,
        deps=[METRIC_VALUES, LAUNCHES, LAUNCH_KPIS, EXPERIMENTS, EXPERIMENT_EFFECTS, SIGNALS, *marts],
        group_name="published_product_ops",
        owners=[owner_of(PLATFORM)],
        kinds={FILE.kind},
        description=FILE.description,
        pool=WAREHOUSE_POOL,
        retry_policy=retry(),
        freshness_policy=FRESH,
    )
    def published_mart(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        home, night, zone = Home.from_environment(), night_of_run(context), reporting_zone()
        refuse_unproven(
            context,
            models,
            {METRIC_VALUES: (), LAUNCHES: (METRIC_VALUES,), SIGNALS: (METRIC_VALUES,), EXPERIMENTS: ()},
        )
        checks = check_evaluations(context.instance, context.run.run_id)
        sources = read_states(home.root, night.until)
        refuse_lost_records(home, sources)
        known = Night(night.as_of, night.until, zone.key, checks, sources)
        with spoiled_put_aside(home):
            published = FILE.publish(Edition(home, os.environ, known))
        forget_withheld(home)
        keep_night(home, night.as_of, night.history_start.astimezone(zone).date(), dbt_variables())
        return dg.MaterializeResult(
            metadata={**_facts(published), "path": dg.MetadataValue.path(published.place)}
        )

    return published_mart


def served_assets(env: Mapping[str, str] = os.environ) -> list[dg.AssetsDefinition]:
    """One asset a further target that is on, downstream of the published file."""
    return [_served(target) for target in SERVED if target.address(env) is not None]


def _served(target: Target) -> dg.AssetsDefinition:
    """When the target does not take the mart, its check says why and the step fails; the file is published by then."""
    key = target_key(target.name)
    words = CheckWords(
        f"{target.title} serves the rows and the revision of the published file.",
        owner_of(PLATFORM),
        served_remedy(target.title),
        # It comes after publication.
        False,
        f"Readers of {target.title} keep the publication before; the published file is not touched.",
    )

    @dg.asset(
        key=key,
        deps=[PUBLISHED_MART],
        group_name="published_product_ops",
        owners=[owner_of(PLATFORM)],
        kinds={target.kind},
        description=target.description,
        check_specs=[words.spec(CHECK, key)],
        freshness_policy=FRESH,
    )
    def served_mart() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        try:
            served = target.publish(Edition(Home.from_environment(), os.environ))
        except PublicationError as error:
            yield words.result(CHECK, key, False, str(error))
            raise dg.Failure(str(error), allow_retries=False) from None
        observed = f"{served.rows} rows as of {served.as_of}, revision {served.revision}"
        yield dg.MaterializeResult(
            metadata={**_facts(served), "place": served.place},
            check_results=[words.result(CHECK, key, True, observed)],
        )

    return served_mart


def _facts(published: Published) -> dict[str, str | int | float | bool]:
    return {
        "as_of": published.as_of.isoformat(),
        "revision": published.revision,
        "rows": published.rows,
        **published.facts,
    }
