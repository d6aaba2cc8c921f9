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


def slack_mentions() -> dict[str, str]:
    """Ids of the Slack user or user group by owner, of the owners who have one."""
    return {each.owner: each.slack for each in load_registry(registry_dir()).owners if each.slack}


def slack_channels() -> dict[str, str]:
    """Ids of the Slack channel that hears of an owner's alerts, of the owners who have one."""
    return {
        each.owner: each.slack_channel for each in load_registry(registry_dir()).owners if each.slack_channel
    }


def owner_of(area: str) -> str:
    """The team that answers for an area (a source, or a folder of models); the platform's when none is named."""
    owners = _owners()
    return owners.get(_SPELLED.get(area, area), owners[PLATFORM])
