"""One check of each metric that takes over the verdicts of the checks of all tables that it is made of.

Dagster shows on an asset its own checks alone, and a number has none: what guards it stands on its tables.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster import DagsterInstance

from checks.contract import CheckStatus
from checks.words import GUARDED_CONSEQUENCE, GUARDED_MEANING, GUARDED_REMEDY
from orchestration.assets.metrics import MetricAsset
from orchestration.check_words import CheckWords
from orchestration.failing_now import failing_checks, line
from orchestration.keys import GUARDED


@dataclass(frozen=True)
class Guards:
    """`of_metric`: the keys of the checks that guard each metric. `owners`: who answers for each."""

    of_metric: Mapping[dg.AssetKey, frozenset[dg.AssetCheckKey]]
    owners: Mapping[dg.AssetKey, str]

    def specs(self) -> Iterator[dg.AssetCheckSpec]:
        return (self._words(metric).spec(GUARDED, metric) for metric in self.of_metric)

    def results(
        self, instance: DagsterInstance, judged: Sequence[dg.AssetCheckResult]
    ) -> Iterator[dg.AssetCheckResult]:
        """The verdict on each metric: of the checks just judged what they found, of all others what they found last."""
        now = {key: _status(key, each) for each in judged if (key := _key(each)) is not None}
        others = frozenset[dg.AssetCheckKey]().union(*self.of_metric.values()) - frozenset(now)
        before = {
            dg.AssetCheckKey(dg.AssetKey(each.asset.split("/")), each.check): each
            for each in failing_checks(instance, others)
        }
        failed = {key: each for key, each in {**before, **now}.items() if not each.passed}
        for metric, guards in self.of_metric.items():
            found = [failed[key] for key in sorted(guards & frozenset(failed), key=str)]
            yield self._words(metric).result(
                GUARDED,
                metric,
                not found,
                f"{len(found)} of {len(guards)} checks failed",
                is_red=any(each.blocks for each in found),
                told="\n".join(map(line, found)),
            )

    def _words(self, metric: dg.AssetKey) -> CheckWords:
        return CheckWords(GUARDED_MEANING, self.owners[metric], GUARDED_REMEDY, False, GUARDED_CONSEQUENCE)


def guards_of(
    metrics: Sequence[MetricAsset], models: dg.AssetsDefinition, checks: Sequence[dg.AssetCheckSpec]
) -> Guards:
    """What guards each metric: of `checks`, those of the models that it is counted from and of all that is upstream of them."""
    tables = {str(spec.metadata["dagster_dbt/unique_id"]): spec.key for spec in models.specs}
    parents = {spec.key: [dep.asset_key for dep in spec.deps] for spec in models.specs}
    of_table: dict[dg.AssetKey, set[dg.AssetCheckKey]] = {}
    for check in checks:
        of_table.setdefault(check.asset_key, set()).add(check.key)

    def guards(metric: MetricAsset) -> frozenset[dg.AssetCheckKey]:
        seen: set[dg.AssetKey] = set()
        waiting = [tables[model] for model in metric.models]
        while waiting:
            table = waiting.pop()
            if table not in seen:
                seen.add(table)
                waiting += parents.get(table, [])
        return frozenset().union(*(of_table.get(table, set()) for table in seen))

    return Guards(
        {each.key: guards(each) for each in metrics}, {each.key: each.definition.owner for each in metrics}
    )


def _key(result: dg.AssetCheckResult) -> dg.AssetCheckKey | None:
    if result.asset_key is None or result.check_name is None:
        return None
    return dg.AssetCheckKey(result.asset_key, result.check_name)


def _status(key: dg.AssetCheckKey, result: dg.AssetCheckResult) -> CheckStatus:
    told = {name: str(value.value) for name, value in result.metadata.items()}
    return CheckStatus(
        "/".join(key.asset_key.path), key.name, result.passed, told.get("severity", ""), told.get("owner", ""),
        told.get("meaning", ""), told.get("observed", ""),
    )  # fmt: skip
