"""Where the organisation's own things lie: its registry, and beside it whatever it has of its own code.

A folder that holds `registry/` is the organisation's repository. It may have `connectors/`, `models/`, `metrics/`, `checks/` and `macros/`.
"""

import os
from collections.abc import Mapping
from pathlib import Path

_REGISTRY = "registry"


def registry_dir(env: Mapping[str, str] = os.environ) -> Path:
    """`POPS_REGISTRY_DIR`, or `registry` in the current folder; whether it is there, `load_registry` says."""
    return Path(env.get("POPS_REGISTRY_DIR", "").strip() or _REGISTRY).expanduser().absolute()


def repository(env: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of the organisation's own code; None where its registry has another name, or lies in a checkout of this
    project, whose own folders have the same names."""
    folder = registry_dir(env)
    if folder.name != _REGISTRY or (folder.parent / "dbt_project").is_dir():
        return None
    return folder.parent


def own_folder(kind: str, env: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of the organisation's own code of a kind; None where it has none."""
    root = repository(env)
    return root / kind if root is not None and (root / kind).is_dir() else None
