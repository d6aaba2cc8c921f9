"""Vendor APIs and the registry, read into raw tables: one folder a source. Knows HTTP and dlt, and no other part.

A source is a folder here with a `source.py`, in which one class is its `Connector`: there is no other list of them.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.contract import Connector

_NAMES = tuple(sorted(path.parent.name for path in Path(__file__).parent.glob("*/source.py")))
# Sources that are on when their variables are set; the registry is always on.
VENDORS = tuple(name for name in _NAMES if name != "registry")


def connector_class(source: str) -> "type[Connector]":
    """The connector of a source, imported when it is first asked for.

    Raises ValueError for a source that there is not, TypeError for a `source.py` that has not one connector.
    """
    from connectors.contract import Connector

    if source not in _NAMES:
        raise ValueError(f"There is no source {source!r}: choose one of {', '.join(_NAMES)}.")
    module = import_module(f"connectors.{source}.source")
    found = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Connector) and each.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise TypeError(
            f"connectors/{source}/source.py has {len(found)} subclasses of Connector: write exactly one."
        )
    return found[0]


class _Sources(Mapping[str, "type[Connector]"]):
    """Name -> connector class, by name; a class is imported when it is looked up."""

    def __getitem__(self, source: str) -> "type[Connector]":
        if source not in _NAMES:
            raise KeyError(source)
        return connector_class(source)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


SOURCES: Mapping[str, "type[Connector]"] = _Sources()
