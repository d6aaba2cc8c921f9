"""Vendor APIs and the registry, read into raw tables: one folder a source. Knows HTTP and dlt, and no other part."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.contract import Connector

_CLASSES = {
    "amplitude": "AmplitudeConnector",
    "mixpanel": "MixpanelConnector",
    "hubspot": "HubSpotConnector",
    "salesforce": "SalesforceConnector",
    "zendesk": "ZendeskConnector",
    "jira": "JiraConnector",
    "github": "GitHubConnector",
    "intercom": "IntercomConnector",
    "productboard": "ProductboardConnector",
    "typeform": "TypeformConnector",
    "files": "FilesConnector",
    "registry": "RegistryConnector",
}
# Sources that are on when their variables are set; the registry is always on.
VENDORS = tuple(source for source in _CLASSES if source != "registry")


def connector_class(source: str) -> "type[Connector]":
    """The connector of a source, imported when it is first asked for."""
    if source not in _CLASSES:
        raise ValueError(f"There is no source {source!r}: choose one of {', '.join(_CLASSES)}.")
    found: type[Connector] = getattr(import_module(f"connectors.{source}.source"), _CLASSES[source])
    return found


class _Sources(Mapping[str, "type[Connector]"]):
    """Name -> connector class, in a fixed order; a class is imported when it is looked up."""

    def __getitem__(self, source: str) -> "type[Connector]":
        if source not in _CLASSES:
            raise KeyError(source)
        return connector_class(source)

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


SOURCES: Mapping[str, "type[Connector]"] = _Sources()
