"""Attaches the raw files of further instances of vendors, which the project's variable `instances` names."""

import json
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin


class Plugin(BasePlugin):  # type: ignore[misc]  # the adapter ships no types
    """A profile can list files, but no list of them that is only known when it is read."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """`raw`: the folder of raw files. `instances`: JSON, lists of names by vendor."""
        named = json.loads(plugin_config["instances"])
        self._files = [
            Path(plugin_config["raw"]) / f"{name}.duckdb" for names in named.values() for name in names
        ]

    def configure_connection(self, conn: Any) -> None:
        """As the profile attaches the others, before it does."""
        for file in self._files:
            path = str(file).replace("'", "''")
            conn.execute(f"attach '{path}' as \"{file.stem}\" (read_only)")
