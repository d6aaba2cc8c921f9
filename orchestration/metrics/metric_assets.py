"""Each published metric as an asset of its own, so that its way from the vendors to the report can be walked."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtProject

from orchestration.vocabulary import families_upstream, family_tags

_GOOD = {"up": "more is better", "down": "less is better", "none": "neither more nor less is better"}


@dataclass(frozen=True)
class ReadBy:
    """A published metric: its YAML, the subject whose `sem_` file it stands in, and the dbt models it is made of (node ids)."""

    metric: Mapping[str, Any]
    subject: str
    models: tuple[str, ...]

    @property
    def key(self) -> dg.AssetKey:
        return dg.AssetKey(["metrics", self.subject, str(self.metric["name"])])


def published_metrics(project: DbtProject) -> list[ReadBy]:
    """Every published metric (one with a `grain`), from what dbt wrote when it parsed the project."""
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
    metrics = {metric["name"]: metric for metric in semantic["metrics"]}
    files = {
        node["name"]: Path(node["original_file_path"]).stem.removeprefix("sem_")
        for node in manifest["metrics"].values()
    }
    return [
        ReadBy(metric, files[name], tuple(sorted(_models(metric, metrics, model_of))))
        for name, metric in sorted(metrics.items())
        if "grain" in _meta(metric)
    ]


def metric_specs(
    project: DbtProject, metrics: list[ReadBy], models: dg.AssetsDefinition, policy: dg.FreshnessPolicy
) -> list[dg.AssetSpec]:
    """One asset a metric, downstream of the models it reads."""
    keys = {str(spec.metadata["dagster_dbt/unique_id"]): spec.key for spec in models.specs}
    families = families_upstream(json.loads(project.manifest_path.read_text()))
    return [
        dg.AssetSpec(
            each.key,
            deps=[keys[model] for model in each.models],
            group_name=f"metrics_{each.subject}",
            owners=[str(_meta(each.metric)["owner"])],
            kinds={"metricflow"},
            description=_description(each.metric),
            tags=family_tags(frozenset().union(*(families[model] for model in each.models))),
            metadata={
                "unit": str(_meta(each.metric)["unit"]),
                "good_direction": str(_meta(each.metric)["good_direction"]),
                "minimum_sample": int(_meta(each.metric).get("minimum_sample") or 0),
                "definition_version": int(_meta(each.metric)["definition_version"]),
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


def _models(
    metric: Mapping[str, Any], metrics: Mapping[str, Mapping[str, Any]], model_of: Mapping[str, str]
) -> Iterator[str]:
    meta = _meta(metric)
    wanted = {meta.get(name) for name in ("numerator", "denominator", "sample")} - {None}
    for each in [metric, *(metrics[str(name)] for name in wanted)]:
        yield from {model_of[measure["name"]] for measure in each["type_params"]["input_measures"]}


def _description(metric: Mapping[str, Any]) -> str:
    meta = _meta(metric)
    cuts = [", ".join(grouping) for grouping in meta["groupings"] if grouping]
    lines = [
        f"**{metric['label']}.** {metric['description']}",
        f"**Unit:** {meta['unit']}, by {meta['grain']}; {_GOOD.get(str(meta['good_direction']), '')}.",
    ]
    if meta.get("minimum_sample"):
        lines.append(f"**Too few to trust:** below n = {meta['minimum_sample']} the report greys it.")
    if meta.get("exclusions"):
        lines.append(f"**Not counted:** {meta['exclusions']}")
    if cuts:
        lines.append(f"**Also known by:** {'; '.join(cuts)}.")
    lines.append(
        "The report and BI tools show this very number: it is computed once, and stands in `metrics.metric_values`."
    )
    return "\n\n".join(lines)


def _meta(metric: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (metric.get("config") or {}).get("meta") or {}
    return found
