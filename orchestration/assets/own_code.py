"""Which assets the organisation's own code makes."""

import json
from collections.abc import Iterable

import dagster as dg
from dagster_dbt import DbtProject

from orchestration.assets.metrics import published_metrics
from orchestration.own_failures import own_metrics
from settings.own_code import is_own


def own_assets(project: DbtProject, models: Iterable[dg.AssetSpec]) -> list[dg.AssetSpec]:
    """The assets that the organisation's own code makes: of all `models`, and of the metrics of the project."""
    manifest = json.loads(project.manifest_path.read_bytes())
    nodes, metrics = manifest["nodes"], own_metrics(manifest)
    found = [each for each in models if is_own(nodes[str(each.metadata["dagster_dbt/unique_id"])])]
    if metrics:
        published = (each for each in published_metrics(project) if each.definition.metric in metrics)
        found += [dg.AssetSpec(each.key, owners=[each.definition.owner]) for each in published]
    return found
