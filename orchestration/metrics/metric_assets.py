"""Each published metric as an asset of its own, so that its way from the vendors to the report can be walked."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtProject

from orchestration.metrics.definitions import MetricDefinition, published_definitions
from orchestration.vocabulary import families_upstream, family_tags

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
    nodes = {
        node["alias"]: name for name, node in manifest["nodes"].items() if node["resource_type"] == "model"
    }
    model_of = {
        measure["name"]: nodes[model["node_relation"]["alias"]]
        for model in semantic["semantic_models"]
        for measure in model["measures"]
    }
    models_of = {
        metric["name"]: {model_of[measure["name"]] for measure in metric["type_params"]["input_measures"]}
        for metric in semantic["metrics"]
    }
    return [
        MetricAsset(each, tuple(sorted(set().union(*(models_of[name] for name in each.inputs)))))
        for each in published_definitions(semantic)
    ]


def metric_specs(
    project: DbtProject, metrics: list[MetricAsset], models: dg.AssetsDefinition, policy: dg.FreshnessPolicy
) -> list[dg.AssetSpec]:
    """One asset a metric, downstream of the models it reads."""
    keys = {str(spec.metadata["dagster_dbt/unique_id"]): spec.key for spec in models.specs}
    families = families_upstream(json.loads(project.manifest_path.read_text()))
    return [
        dg.AssetSpec(
            each.key,
            deps=[keys[model] for model in each.models],
            group_name=f"metrics_{each.definition.subject}",
            owners=[each.definition.owner],
            kinds={"metricflow"},
            description=_description(each.definition),
            tags=family_tags(frozenset().union(*(families[model] for model in each.models))),
            metadata={
                "unit": each.definition.unit,
                "good_direction": each.definition.good_direction,
                "minimum_sample": each.definition.minimum_sample or 0,
                "definition_version": each.definition.definition_version,
            },
            freshness_policy=policy,
        )
        for each in metrics
    ]


def latest_values(warehouse: Path) -> dict[str, dict[str, Any]]:
    """By metric, what its asset shows: the newest period, the value of the whole where there is one, how many numbers."""
    whole = " and ".join(
        f"{name} is null"
        for name in ("product_id", "feature_id", "team_id", "segment", "stage", "funnel_id", "step")
    )
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            f"""
            select metric, any_value(grain), max(period_start), count(*),
                arg_max(value, period_start) filter ({whole}), arg_max(n, period_start) filter ({whole})
            from metrics.metric_values where is_current group by metric
            """
        ).fetchall()
    return {
        metric: {
            "newest_period": f"{grain} of {period}",
            "dagster/row_count": count,
            **({"value": float(value)} if value is not None else {}),
            **({"n": float(n)} if value is not None and n is not None else {}),
        }
        for metric, grain, period, count, value, n in rows
    }


def _description(definition: MetricDefinition) -> str:
    cuts = [", ".join(grouping) for grouping in definition.groupings if grouping]
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
    if cuts:
        lines.append(f"**Also known by:** {'; '.join(cuts)}.")
    lines.append(
        "The report and BI tools show this very number: it is computed once, and stands in `metrics.metric_values`."
    )
    return "\n\n".join(lines)
