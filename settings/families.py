"""What people call the families of tools, and which of them something is made of; a source's own words are with its connector."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connectors import connector_class
from connectors.instances import instances_of

FAMILIES: Mapping[str, str] = {
    "product_analytics": "product analytics",
    "crm": "CRM",
    "support": "support",
    "delivery": "delivery",
    "roadmap": "roadmap",
    "surveys": "surveys",
    "experiments": "experiments and flags",
    "files": "dropped files",
    "registry": "the organisation's own registry",
}


def family_tags(families: Iterable[str]) -> dict[str, str]:
    """Tags by which the UI filters: `family/crm` finds what CRM data go into, from the vendor to the metric."""
    return {f"family/{family}": "" for family in sorted(families)}


def families_upstream(manifest: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """By node of dbt's manifest, the families of the sources it is made of; the registry, which is in all, is left out."""
    return _families(manifest, lambda node, parent: True)


def families_counted(manifest: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """As `families_upstream`, but of the tools alone whose records are counted.

    A model that says `is_lookup` in its `meta` (who somebody is, which customer they belong to, its segment) is not
    followed: all tools tell people apart, and numbers of support are none of analytics for that. A model that says
    `counts_lookups` is the exception: what it reads of them decides who is counted.
    """
    return _families(manifest, _counts(manifest))


def sources_counted(manifest: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """By node of dbt's manifest, the sources whose records it counts, as in `families_counted`; where it only looks
    things up, all that it is made of."""
    counted, whole = _sources(manifest, _counts(manifest)), _sources(manifest, lambda node, parent: True)
    return {name: counted[name] - {"registry"} or whole[name] for name in whole}


def _counts(manifest: Mapping[str, Any]) -> Callable[[str, str], bool]:
    """Whether a node counts the records of its parent."""
    nodes = manifest["nodes"]
    return lambda node, parent: (
        not _meta(nodes.get(parent, {})).get("is_lookup") or bool(_meta(nodes[node]).get("counts_lookups"))
    )


def _families(
    manifest: Mapping[str, Any], is_followed: Callable[[str, str], bool]
) -> dict[str, frozenset[str]]:
    # A tool of one family may also do the work of another: a model of its records that does says so in its `meta`.
    told = {
        name: frozenset(families)
        for name, node in manifest["nodes"].items()
        if (families := _meta(node).get("families"))
    }
    found = _gathered(manifest, is_followed, lambda source: connector_class(source).family, told)
    return {name: families - {"registry"} for name, families in found.items()}


def _sources(
    manifest: Mapping[str, Any], is_followed: Callable[[str, str], bool]
) -> dict[str, frozenset[str]]:
    return _gathered(manifest, is_followed, str, {})


def _gathered(
    manifest: Mapping[str, Any],
    is_followed: Callable[[str, str], bool],
    of_source: Callable[[str], str],
    told: Mapping[str, frozenset[str]],
) -> dict[str, frozenset[str]]:
    """By node, what the sources are that it is made of, or what it is `told` to be made of."""
    found: dict[str, frozenset[str]] = {
        name: frozenset(of_source(each) for each in instances_of(node["source_name"].removeprefix("raw_")))
        for name, node in manifest["sources"].items()
    } | dict(told)

    def of(name: str) -> frozenset[str]:
        if name not in found:
            parents = manifest["nodes"].get(name, {}).get("depends_on", {}).get("nodes", [])
            found[name] = frozenset().union(*(of(parent) for parent in parents if is_followed(name, parent)))
        return found[name]

    for name in manifest["nodes"]:
        of(name)
    return found


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = node.get("config", {}).get("meta") or {}
    return found
