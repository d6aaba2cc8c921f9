"""Hands the key of personal-data hashes to DuckDB as a session variable, so that no SQL text contains it."""

import os
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

ENVIRONMENT_VARIABLE = "POPS_PSEUDONYM_KEY"
SESSION_VARIABLE = "pops_pseudonym_key"


class Plugin(BasePlugin):  # type: ignore[misc]  # the adapter ships no types
    """Sets the session variable on every cursor: DuckDB keeps session variables per connection."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Read the key from the environment.

        Raises DbtRuntimeError when it is missing: hashes without a key could be reversed by guessing.
        """
        self._key = os.environ.get(ENVIRONMENT_VARIABLE, "")
        if not self._key:
            raise DbtRuntimeError(
                f"{ENVIRONMENT_VARIABLE} is not set. Personal identifiers are hashed with it: "
                "set it to the same long random secret on every run."
            )

    def configure_cursor(self, cursor: Any) -> None:
        """Set the variable as a bound value; the statement that is logged holds a placeholder."""
        cursor.execute(f"SET VARIABLE {SESSION_VARIABLE} = ?", [self._key])
