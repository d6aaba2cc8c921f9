"""The registry held against itself and against what the tools hold, in sentences."""

from collections.abc import Mapping

from connectors.errors import InvalidRegistry
from connectors.registry.files import load_registry, registry_dir
from reports.glossary_data import gaps


def wrong(env: Mapping[str, str]) -> list[str]:
    """All that no night would take, each with file and line."""
    try:
        load_registry(registry_dir(env))
    except InvalidRegistry as error:
        return list(error.problems) or [str(error)]
    return []


def unsaid(env: Mapping[str, str]) -> list[str]:
    """What is left unsaid in a registry that is not wrong; no night is stopped by it."""
    return gaps(load_registry(registry_dir(env)))
