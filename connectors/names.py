"""What an organisation's sources.yml says of a source, for connectors that must ask for it by name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.contract import Connector

_OF_COMPANIES = ("account", "plan", "segment", "test", "churned_on", "renews_on")


def names_of(kind: "type[Connector]", env: Mapping[str, str]) -> dict[str, Any]:
    """As `mapping.names_by_source` has them; empty for a connector that asks for nothing by name. Raises InvalidRegistry."""
    from connectors.registry.files import load_registry, registry_dir

    return load_registry(registry_dir(env)).source_names()[kind.name] if kind.reads_names else {}


def crm_properties(names: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The properties that sources.yml names, by what of a CRM has them: companies, contacts, deals."""
    revenue = names.get("revenue", {})
    named = {
        "companies": [*(names.get(each) for each in _OF_COMPANIES), *(revenue.get(each) for each in ("property", "currency_property"))],
        "contacts": [names.get("user")],
        "deals": [names.get("hubspot_deal")],
    }  # fmt: skip
    return {kind: tuple(each for each in found if each) for kind, found in named.items()}
