"""Each published metric as an asset of its own, so that its way from the vendors to the report can be walked."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster_dbt import DbtProject

from checks.words import NORTH_STAR_MEANING, NORTH_STAR_REMEDY
from connectors.raw_facts import read_states
from metrics.definitions import MetricDefinition, models_of_metrics, published_definitions
from orchestration import own_failures
from orchestration.check_words import CheckWords
from orchestration.damage import spoiled_put_aside
from orchestration.keys import FRESH, METRIC_VALUES, UNCHANGED, WAREHOUSE_POOL
from orchestration.runs import night_of_run
from settings.families import family_tags
from settings.home import Home
from settings.links import links
from settings.night import reporting_zone
from settings.owners import PLATFORM, owner_of
from settings.shown_text import in_markdown
from settings.units import Unit
from settings.weeks import week_starts_on

NORTH_STAR_MEASURED = "north_star_can_be_measured"
_GOOD = {"up": "more is better", "down": "less is better", "none": "neither more nor less is better"}


@dataclass(frozen=True)
class MetricAsset:
    """A published metric, and the dbt models that it is counted from (node ids)."""

    definition: MetricDefinition
    models: tuple[str, ...]

    @property
    def key(self) -> dg.AssetKey:
        return dg.AssetKey(["metrics", self.definition.subject, self.definition.metric])


def published_metrics(project: DbtProject) -> list[MetricAsset]:
    """Every published metric, from what dbt wrote when it parsed the project."""
    manifest = json.loads(project.manifest_path.read_text())
    semantic = json.loads((project.manifest_path.parent / "semantic_manifest.json").read_text())
    models_of = models_of_metrics(semantic, manifest)
    return [
        MetricAsset(each, tuple(sorted(frozenset().union(*(models_of[name] for name in each.inputs)))))
        for each in published_definitions(semantic, manifest)
    ]


def metric_values_asset(
    project: DbtProject, models: dg.AssetsDefinition, checks: Sequence[dg.AssetCheckSpec]
) -> dg.AssetsDefinition:
    """The metrics of a night, an asset each, downstream of the models they read; and the table that holds them all.

    `checks`: of all models; a metric leads to those of the models that it is counted from. A run of some of them computes
    all, and reports those.
    """
    metrics = published_metrics(project)
    declared = sorted(
        key for key in models.keys if key.path[-1] in ("dim_north_star", "dim_north_star_metric")
    )
    table = dg.AssetSpec(
        METRIC_VALUES,
        deps=[*(each.key for each in metrics), *declared],
        group_name="metrics_product_ops",
        owners=[owner_of(PLATFORM)],
        kinds={"metricflow", "duckdb"},
        description=(
            "Every metric of every complete period, by its dimensions: numerator, denominator, value, n, revision. "
            "Grain: metric, grain, period, dimensions and revision. Report, digest and BI read these rows."
        ),
        metadata={"dagster/table_name": "metrics.metric_values"},
        freshness_policy=FRESH,
    )

    words = CheckWords(
        NORTH_STAR_MEANING,
        owner_of("product"),
        NORTH_STAR_REMEDY,
        False,
        "The report and `pops query` have no North Star; nothing else is touched.",
    )

    @dg.multi_asset(
        specs=[*metric_specs(metrics, models, checks), table],
        name=METRIC_VALUES.to_python_identifier(),
        check_specs=[words.spec(NORTH_STAR_MEASURED, METRIC_VALUES)],
        pool=WAREHOUSE_POOL,
        can_subset=True,
    )
    def metric_values(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        from metrics.engine import MetricEngine
        from metrics.north_star import north_star_problem
        from metrics.values import append_metric_values, latest_values
        from metrics.zeros import days_read

        night, home = night_of_run(context), Home.from_environment()
        first_day = night.history_start.astimezone(reporting_zone()).date()
        manifest = home.dbt_target / "semantic_manifest.json"
        read = days_read(read_states(home.root, night.until), reporting_zone())
        engine = MetricEngine(manifest, week_starts_on())
        own = own_failures.own_metrics(json.loads(manifest.with_name("manifest.json").read_bytes()))
        with spoiled_put_aside(home):
            run = append_metric_values(home.warehouse, engine, night.as_of, first_day, read, own)
            known = latest_values(home.warehouse)
            problem = north_star_problem(home.warehouse)
        # As dbt words it: a first line of its own, then the engine's.
        failed = {name: f"Runtime Error in metric {name}\n{text}" for name, text in run.failed.items()}
        own_failures.remember(home, "metrics", failed, own)
        for each in metrics:
            if each.key in context.selected_asset_keys and each.definition.metric in run.failed:
                yield dg.MaterializeResult(asset_key=each.key, metadata={UNCHANGED: True})
            elif each.key in context.selected_asset_keys:
                shown = in_its_unit(each.definition.unit, known.get(each.key.path[-1], {}))
                yield dg.MaterializeResult(
                    asset_key=each.key, metadata=shown | _in_report(each.definition.metric)
                )
        if METRIC_VALUES in context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=METRIC_VALUES, metadata=run.counts)
        if dg.AssetCheckKey(METRIC_VALUES, NORTH_STAR_MEASURED) in context.selected_asset_check_keys:
            yield words.result(NORTH_STAR_MEASURED, METRIC_VALUES, not problem, problem)

    return metric_values


def in_its_unit(unit: Unit, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the asset shows, `value` also as the report prints it; the number stays, as Dagster draws its course."""
    if "value" not in facts:
        return dict(facts)
    # Imported here: only who has computed needs the report's words.
    from reports.language import language
    from reports.wording import quantity

    return {**facts, "value_in_report": quantity(language("en"), facts["value"], unit)}


def metric_specs(
    metrics: list[MetricAsset], models: dg.AssetsDefinition, checks: Sequence[dg.AssetCheckSpec]
) -> list[dg.AssetSpec]:
    """One asset a metric, downstream of the models it reads. `guarded_by` in its metadata leads to the checks of these."""
    count_of = Counter(spec.asset_key for spec in checks)
    keys = {str(spec.metadata["dagster_dbt/unique_id"]): spec.key for spec in models.specs}
    return [
        dg.AssetSpec(
            each.key,
            deps=[keys[model] for model in each.models],
            group_name=f"metrics_{each.definition.subject}",
            owners=[each.definition.owner],
            kinds={"metricflow"},
            description=_description(each.definition),
            tags={**family_tags(each.definition.families), "label": label_tag(each.definition.label)},
            metadata={
                "unit": each.definition.unit.value,
                "good_direction": each.definition.good_direction,
                "minimum_sample": each.definition.minimum_sample or 0,
                "definition_version": each.definition.definition_version,
                "guarded_by": _checks_of([keys[model] for model in each.models], count_of),
            },
            freshness_policy=FRESH,
        )
        for each in metrics
    ]


def _checks_of(keys: Sequence[dg.AssetKey], count_of: Mapping[dg.AssetKey, int]) -> dg.MetadataValue:
    """A Markdown list of the models, each with the number of its checks, which a link opens."""
    return dg.MetadataValue.md(
        "\n".join(
            f"- [{in_markdown(key.path[-1])}: {count_of[key]} checks](/assets/{'/'.join(key.path)}?view=checks)"
            for key in keys
        )
    )


def label_tag(label: str) -> str:
    """The label in the characters that a tag may have: the catalogue's search knows keys and tags, no descriptions."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", label).strip("-")[:63]


def _in_report(metric: str) -> dict[str, dg.MetadataValue]:
    address = links(os.environ).definition(metric)
    return {"definition_in_report": dg.MetadataValue.url(address)} if address else {}


def _description(definition: MetricDefinition) -> str:
    lines = [
        f"**{definition.label}.** {definition.description}",
        f"**Unit:** {definition.unit}, by {definition.grain}; {_GOOD[definition.good_direction]}.",
    ]
    if definition.minimum_sample:
        lines.append(f"**Too few to trust:** below n = {definition.minimum_sample} the report greys it.")
    if definition.exclusions:
        lines.append(f"**Not counted:** {definition.exclusions}")
    if definition.known_gaps:
        lines.append(f"**Known gaps:** {definition.known_gaps}")
    if any(definition.groupings):
        lines.append(f"**Published:** {definition.cuts}.")
    lines.append(
        "The report and BI tools show this very number: it is computed once, and stands in `metrics.metric_values`."
    )
    return "\n\n".join(lines)
