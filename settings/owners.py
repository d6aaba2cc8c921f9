"""Who answers for what: the registry's owners by area."""

from collections.abc import Iterator
from functools import cache

from connectors import SOURCES, connector_class, vendor_of
from connectors.registry.files import load_registry, registry_dir
from connectors.registry.schema import Registry

PLATFORM = "platform"
UNOWNED = "team:unowned"
# The wider area to which one belongs: what owners.yml does not name, the owner of the wider one answers for.
_WIDER = {
    "product_analytics": PLATFORM,
    "usage": "product",
    "features": "product",
    "roadmap": "product",
    "surveys": "product",
    "feedback": "product",
    "experiments": "product",
    "files": "product",
    "registry": "product",
}


@cache
def _registry() -> Registry:
    return load_registry(registry_dir())


def slack_mentions() -> dict[str, str]:
    """Ids of the Slack user or user group by owner, of the owners who have one."""
    return {each.owner: each.slack for each in _registry().owners if each.slack}


def slack_channels() -> dict[str, str]:
    """Ids of the Slack channel that hears of an owner's alerts, of the owners who have one."""
    return {each.owner: each.slack_channel for each in _registry().owners if each.slack_channel}


def owner_of(area: str) -> str:
    """Who answers for an area: a source, a family of sources, or a folder of models.

    The nearest of owners.yml: of the area, of the wider one that it belongs to, of the platform; then the organisation's own
    `owner`, and `UNOWNED` where nobody is named at all.
    """
    return owner_in(_registry(), area)


def owner_in(registry: Registry, area: str) -> str:
    """`owner_of`, in a registry that is at hand."""
    named = {each.id: each.owner for each in registry.owners}
    found = next((named[each] for each in _widening(area) if each in named), None)
    return found or registry.organisation[0].owner or UNOWNED


def _widening(area: str) -> Iterator[str]:
    yield area
    if (vendor := vendor_of(area)) not in (None, area):
        yield from _widening(str(vendor))
        return
    family = connector_class(area).family if area in SOURCES else area
    if family != area:
        yield from _widening(family)
    elif area in _WIDER:
        yield from _widening(_WIDER[area])
    else:
        yield PLATFORM
