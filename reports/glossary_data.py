"""The glossary and metric catalogue, from the published metrics and the registry; and what is missing in it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import duckdb
import yaml

from connectors.registry.files import load_registry, registry_dir
from connectors.registry.glossary import GlossaryEntry
from connectors.registry.north_star import NORTH_STAR
from connectors.registry.schema import Registry
from connectors.registry.stages import STAGES_WITHOUT_STATUS
from metrics.catalogue import read_definitions
from metrics.dimensions import IS_WHOLE
from reports.glossary import Entry, Glossary, MetricEntry, Texts
from reports.language import typeset
from settings.own_code import metric_folders
from settings.owners import PLATFORM, UNOWNED, owner_in

# A metric of the definitions that no entry groups: an older mart may hold some.
_REST = "other_metrics"


def glossary_of(mart: duckdb.DuckDBPyConnection) -> Glossary:
    """The catalogue of a published mart. Raises InvalidRegistry for a registry that is not valid."""
    registry = load_registry(registry_dir())
    groups = _of(registry, "metrics")
    ((organisation,),) = mart.execute("select organisation_name from mart.dim_organisation").fetchall()
    ((as_of,),) = mart.execute("select as_of from meta.publication").fetchall()
    metrics = list(_metrics(mart, groups))
    rest = [Entry(_REST, Texts(name="Other metrics"))] if any(each.group == _REST for each in metrics) else []
    owners = {**_owners(registry), **{each.definition.owner: "" for each in metrics}}
    return Glossary(
        organisation=organisation,
        as_of=as_of,
        groups=[*(_entry(each) for each in groups), *rest],
        metrics=metrics,
        stages=[_entry(each, _statuses(registry, each.id), name) for each, name in _explained(registry, "stage", _stages(registry))],
        segments=[_entry(each) for each in _of(registry, "segment")],
        events=sorted((_entry(each, _users(registry, each.id)) for each, _ in _explained(registry, "event", registry.tracked_events())), key=lambda each: each.key),
        roles=[_entry(each, _areas(registry, each.id)) for each, _ in _explained(registry, "role", owners) if each.id in owners],
    )  # fmt: skip


def gaps(registry: Registry, *folders: Path) -> list[str]:
    """What the registry leaves unsaid for readers, as sentences; `folders` define the metrics. No number hangs on it."""
    metrics = [*published_metrics(*folders), *([NORTH_STAR] if registry.north_star else [])]
    explained = {kind: {each.id for each in _of(registry, kind)} for kind in ("event", "stage", "role")}
    grouped = {metric for each in registry.glossary for metric in each.metrics}
    found = [
        f"The metric `{metric}` is in no entry of the kind `metrics`."
        for metric in metrics
        if metric not in grouped
    ]
    found += [
        f"`{metric}` is explained, but is no published metric." for metric in sorted(grouped - set(metrics))
    ]
    for kind, used in (
        ("event", registry.tracked_events()),
        ("stage", _stages(registry)),
        ("role", _owners(registry)),
    ):
        if lacking := [f"`{each}`" for each in sorted(set(used) - explained[kind])]:
            one = len(lacking) == 1
            found.append(
                f"The {kind}{'' if one else 's'} {', '.join(lacking)} {'has' if one else 'have'} no entry."
            )
    found = [f"glossary.yml: {each}" for each in found]
    if owner_in(registry, PLATFORM) == UNOWNED:
        found.append(
            "owners.yml: nobody answers for the platform; name who, or an `owner` in organisation.yml."
        )
    return found


def published_metrics(*folders: Path) -> dict[str, list[list[str]]]:
    """Every published metric and the sets of dimensions it is cut by, as the YAML files say. `folders`: as for `metric_facts`."""
    return {metric: facts.get("groupings", []) for metric, facts in metric_facts(*folders).items()}


def metric_facts(*folders: Path) -> dict[str, dict[str, Any]]:
    """Every metric that is published (it has a `grain`) and its `config.meta`, as the YAML files say.

    Those of the product and own ones by default.
    """
    return {
        metric["name"]: meta
        for folder in folders or metric_folders()
        for file in sorted(folder.rglob("*.yml"))
        for metric in (yaml.load(file.read_text(encoding="utf-8"), Loader=_FAST) or {}).get("metrics", [])
        if "grain" in (meta := (metric.get("config") or {}).get("meta") or {})
    }


_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _metrics(mart: duckdb.DuckDBPyConnection, groups: Iterable[GlossaryEntry]) -> Iterator[MetricEntry]:
    group_of = {metric: each.id for each in groups for metric in each.metrics}
    on = mart.execute(
        "select family, source from meta.sources where outcome <> 'off' order by source"
    ).fetchall()
    latest = mart.execute(
        f"""
        select metric, arg_max(value, period_start), arg_max(n, period_start), max(period_start)
        from metrics.metric_values
        where is_current and value is not null and {IS_WHOLE}
        group by metric
        """
    ).fetchall()
    last = {metric: (value, n, period) for metric, value, n, period in latest}
    for metric, definition in read_definitions(mart).items():
        sources = tuple(source for family, source in on if family in definition.families)
        yield MetricEntry(
            definition, group_of.get(metric, _REST), sources, *last.get(metric, (None, None, None))
        )


def _of(registry: Registry, kind: str) -> list[GlossaryEntry]:
    return [each for each in registry.glossary if each.kind == kind]


def _entry(entry: GlossaryEntry, uses: tuple[str, ...] = (), name: str = "") -> Entry:
    french = entry.fr
    return Entry(
        entry.id,
        Texts(entry.name or name, entry.description),
        {"fr": Texts(typeset(french.name or ""), typeset(french.description or ""))},
        uses,
    )


def _explained(
    registry: Registry, kind: Literal["event", "stage", "role"], used: Iterable[str]
) -> Iterator[tuple[GlossaryEntry, str]]:
    """The glossary's entries of a kind, then what is used and has none; with the name that the registry has elsewhere."""
    entries = _of(registry, kind)
    names = _stages(registry) if kind == "stage" else {}
    for each in entries:
        yield each, names.get(each.id, "")
    known = {each.id for each in entries}
    for missing in used:
        if missing not in known:
            yield GlossaryEntry(id=missing, kind=kind, description="–"), names.get(missing, "")


def _stages(registry: Registry) -> dict[str, str]:
    """Names of all stages by id, in the registry's order; the computed ones have none here."""
    return {each.id: each.name for each in registry.stages} | dict.fromkeys(sorted(STAGES_WITHOUT_STATUS), "")


def _owners(registry: Registry) -> dict[str, str]:
    parts = (
        registry.owners,
        registry.products,
        registry.teams,
        registry.funnels,
        registry.surveys,
        registry.remarks,
        registry.north_star,
        registry.launches,
        registry.experiments,
    )
    return {each.owner: "" for part in parts for each in part}


def _statuses(registry: Registry, stage: str) -> tuple[str, ...]:
    return tuple(status for each in registry.stages if each.id == stage for status in each.statuses)


def _users(registry: Registry, event: str) -> tuple[str, ...]:
    features = [each.name for each in registry.features if event in {rule.event for rule in each.events}]
    funnels = [each.name for each in registry.funnels if event in {step.event for step in each.steps}]
    return (*features, *funnels)


def _areas(registry: Registry, owner: str) -> tuple[str, ...]:
    """What an owner answers for: areas, products, teams, funnels, surveys, launches and experiments."""
    areas = [each.id for each in registry.owners if each.owner == owner]
    named = [
        each.name
        for part in (
            registry.products,
            registry.teams,
            registry.funnels,
            registry.surveys,
            registry.north_star,
            registry.launches,
            registry.experiments,
        )
        for each in part
        if each.owner == owner
    ]
    return tuple(dict.fromkeys([*areas, *named]))
