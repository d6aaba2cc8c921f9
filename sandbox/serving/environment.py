"""The environment that points the connectors at a sandbox."""

import shutil
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

from sandbox.vendors import VENDORS, part
from sandbox.vendors.access import Access

# What the company says of itself to whoever reads it.
REGISTRY = Path(__file__).resolve().parents[1] / "registry"
# Files of it that said something else, by the date from which they did.
_BEFORE = REGISTRY.with_name("registry_before")
ACCESS: dict[str, Access] = {vendor: part(vendor, "credentials").ACCESS for vendor in VENDORS}
# One tool of each family, and what has no second one: what the demo runs on.
DEFAULT_VENDORS = tuple(name for name, access in ACCESS.items() if not access.is_second)


def environment(base_url: str, pace: float = 60.0, only: Collection[str] | None = None) -> dict[str, str]:
    """POPS_* variables for a sandbox at `base_url` (such as http://127.0.0.1:8100), with the company's registry.

    Each source's request budget is raised by `pace`, as the sandbox's limits are.
    `only` names the vendors that the sandbox serves (None: `DEFAULT_VENDORS`); the others' variables are left out, so
    those sources are off.
    """
    root = base_url.rstrip("/")
    result = {"POPS_REGISTRY_DIR": str(REGISTRY)}
    for vendor, access in ACCESS.items():
        if vendor not in (DEFAULT_VENDORS if only is None else only):
            continue
        prefix = f"POPS_{vendor.upper()}_"
        result[f"{prefix}BASE_URL"] = f"{root}/{vendor}"
        result[f"{prefix}REQUESTS_PER_MINUTE"] = str(max(1, int(access.requests_per_minute * pace)))
        if access.requests_per_run is not None:
            result[f"{prefix}REQUESTS_PER_RUN"] = str(int(access.requests_per_run * pace))
        result.update({prefix + name: value for name, value in access.variables.items()})
    return result


def earlier_registries(folder: Path) -> Iterator[tuple[date, Path]]:
    """The company's registry as it was on earlier dates, the oldest first, each written whole below a folder."""
    for before in sorted(_BEFORE.iterdir()):
        whole = folder / before.name
        shutil.copytree(REGISTRY, whole)
        shutil.copytree(before, whole, dirs_exist_ok=True)
        yield date.fromisoformat(before.name), whole
