"""Time zones that people name."""

from functools import cache
from zoneinfo import ZoneInfo

import duckdb

from connectors.storage import open_duckdb


@cache
def known_zone(zone: str) -> str:
    """The name of a time zone, as Python and DuckDB both know it. Raises ValueError for what is none."""
    try:
        ZoneInfo(zone)
        with open_duckdb() as connection:
            connection.execute("select timestamp '2026-01-01' at time zone ?", [zone])
    except (LookupError, ValueError, OSError, duckdb.Error):
        raise ValueError(f"`{zone}` is no time zone; write one such as Europe/Berlin") from None
    return zone
