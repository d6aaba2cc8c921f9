"""Vendor APIs and the registry, read into raw tables: one folder a source. Knows HTTP and dlt, and no other part.

A kind of source is a folder here with a `source.py`, in which one class is its `Connector`: there is no other list of them.
So are the folders in `connectors/` of the organisation's repository, which are found as if they lay here, and the connectors of
installed packages: entry points of the group `product_ops.connectors`, each named like its source.
An organisation has one source of each, named like its folder, and further instances of vendors, which its sources.yml declares:
`jira_eu` is one of `jira`. Their names alone say whose they are.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.company import own_folder

if TYPE_CHECKING:
    from connectors.contract import Connector


def _in(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("*/source.py")}


_OURS = _in(Path(__file__).parent)
_own = own_folder("connectors")
_own_names = _in(_own) if _own else set()
# The organisation's folder comes before a package.
INSTALLED = {
    each.name: each for each in entry_points(group="product_ops.connectors") if each.name not in _own_names
}
# Sources of the organisation's own; of one that has the name of ours, ours is meant, and a night is refused.
OWN_SOURCES = tuple(sorted({*_own_names, *INSTALLED} - _OURS))
if _own:
    # Modules of ours come first: a file there can take the place of none.
    __path__.append(str(_own))
_NAMES = tuple(sorted({*_OURS, *OWN_SOURCES}))
# Sources that are on when their variables are set; the registry is always on.
VENDORS = tuple(name for name in _NAMES if name != "registry")
# An instance is named after its vendor: `<vendor>_<name>`. Of the longer of two vendors' names that fit.
_INSTANCE = re.compile(rf"({'|'.join(sorted(VENDORS, key=len, reverse=True))})_([a-z0-9]+(?:_[a-z0-9]+)*)")
# Whatever is dropped as files, is dropped in one folder.
_ONLY_ONE = ("files",)


def vendor_of(source: str) -> str | None:
    """The folder of a source, or of an instance (declared or not) of a vendor; None for what cannot be a source."""
    if source in _NAMES:
        return source
    found = _INSTANCE.fullmatch(source)
    return found[1] if found and found[1] not in _ONLY_ONE else None


@cache
def connector_class(source: str) -> "type[Connector]":
    """The connector of a source, imported when it is first asked for; of an instance, its vendor's under its own name.

    Raises ValueError for a source that there is not, and for one of the organisation's own that is wrong; TypeError for a
    `source.py` of ours that has not one connector.
    """
    vendor = vendor_of(source)
    if vendor is None:
        raise ValueError(f"There is no source {source!r}: choose one of {', '.join(_NAMES)}.")
    kind = _own_connector(vendor) if vendor in OWN_SOURCES else _only_connector(vendor)
    if source == vendor:
        return kind
    title = f"{kind.title} ({source.removeprefix(vendor + '_')})"
    return type(kind.__name__, (kind,), {"name": source, "title": title, "__module__": kind.__module__})


def _own_connector(vendor: str) -> "type[Connector]":
    from connectors.own_connectors import refuse_wrong

    package = INSTALLED.get(vendor)
    place = f"{package.value} (an installed package)" if package else f"{_own}/{vendor}/source.py"
    remedy = "uninstall its package" if package else "move its folder out of `connectors`"
    try:
        found = package.load() if package else _only_connector(vendor)
    except Exception as problem:  # noqa: BLE001 (whatever a file of somebody else's throws)
        raise ValueError(
            f"{place} cannot be used: {type(problem).__name__}: {str(problem).rstrip('.')}. Mend it, or {remedy}."
        ) from None
    refuse_wrong(found, vendor, place)
    return found


def _only_connector(vendor: str) -> "type[Connector]":
    from connectors.contract import Connector

    module = import_module(f"connectors.{vendor}.source")
    found = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Connector) and each.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise TypeError(
            f"connectors/{vendor}/source.py has {len(found)} subclasses of Connector: write exactly one."
        )
    return found[0]


class _Sources(Mapping[str, "type[Connector]"]):
    """Folder -> connector class, by name; a class is imported when it is looked up."""

    def __getitem__(self, source: str) -> "type[Connector]":
        if source not in _NAMES:
            raise KeyError(source)
        return connector_class(source)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


SOURCES: Mapping[str, "type[Connector]"] = _Sources()
