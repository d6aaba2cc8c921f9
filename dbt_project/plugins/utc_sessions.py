"""Keeps every session of the engine in UTC: a text with an offset is turned into UTC when it is cast."""

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin


class Plugin(BasePlugin):  # type: ignore[misc]  # the adapter ships no types
    def configure_connection(self, conn: Any) -> None:
        """Once for all cursors: the adapter's `settings` would be said anew by every node, before and after its SQL."""
        conn.execute("SET GLOBAL TimeZone = 'UTC'")
