"""What people call the families of tools, and which of them something is made of; a source's own words are with its connector."""

from collections.abc import Iterable, Mapping
from typing import Any

from connectors import connector_class

FAMILIES: Mapping[str, str] = {
    "product_analytics": "product analytics",
    "crm": "CRM",
    "support": "support",
    "delivery": "delivery",
    "roadmap": "roadmap",
    "surveys": "surveys",
    "files": "dropped files",
    "registry": "the organisation's own registry",
}


def family_tags(families: Iterable[str]) -> dict[str, str]:
    """Tags by which the UI filters: `family/crm` finds what CRM data go into, from the vendor to the metric."""
    return {f"family/{family}": "" for family in sorted(families)}


def families_upstream(manifest: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """By node of dbt's manifest, the families of the sources it is made of; the registry, which is in all, is left out."""
    found: dict[str, frozenset[str]] = {
        name: frozenset({connector_class(node["source_name"].removeprefix("raw_")).family}) - {"registry"}
        for name, node in manifest["sources"].items()
    }

    def of(name: str) -> frozenset[str]:
        if name not in found:
            parents = manifest["nodes"].get(name, {}).get("depends_on", {}).get("nodes", [])
            found[name] = frozenset().union(*(of(parent) for parent in parents))
        return found[name]

    for name in manifest["nodes"]:
        of(name)
    return found
