"""One folder a vendor, all of one shape, found by looking: a vendor is added by adding its folder.

| module | holds |
|---|---|
| `api` | class `Api`: paths, authentication, paging and errors |
| `records` | `records(company, stream, now)`: the company as the vendor shows it; `Export(company)` where it exports events |
| `query` | the vendor's query language, if it has one |
| `credentials` | what it accepts, and `ACCESS` |
| `streams` | `STREAMS`: what can be replayed, and how a line becomes a record |

A folder without `records` is no source: the chat.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

_FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/api.py"))
# What the platform reads, and what it writes to.
VENDORS = tuple(folder.name for folder in _FOLDERS if (folder / "records.py").exists())
CHATS = tuple(folder.name for folder in _FOLDERS if folder.name not in VENDORS)


def part(vendor: str, name: str) -> ModuleType:
    """A module of a vendor's folder."""
    return import_module(f"{__name__}.{vendor}.{name}")
