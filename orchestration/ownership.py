"""Who answers for what: the registry's owners by area."""

from functools import cache

from connectors.registry.source import load_registry, registry_dir

PLATFORM = "platform"
_SPELLED = {
    "core": PLATFORM,
    "quality": PLATFORM,
    "identity": PLATFORM,
    "usage": "product",
    "features": "product",
    "crm": "hubspot",
}


@cache
def _owners() -> dict[str, str]:
    return {entry.id: entry.owner for entry in load_registry(registry_dir()).owners}


def owner_of(area: str) -> str:
    """The team that answers for an area (a source, or a folder of models); the platform's when none is named."""
    owners = _owners()
    return owners.get(_SPELLED.get(area, area), owners[PLATFORM])
