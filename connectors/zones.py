"""Time zones that people name, and moments that vendors write."""

from functools import cache
from zoneinfo import ZoneInfo

import duckdb

from connectors.storage import literal, open_duckdb

# A day, or a time of it, with an offset or without. The name of a zone is none: in DuckDB it moves the texts that are cast
# after it, too, and offsets end at 15 hours.
# Staging has the same (macros/engine_time.sql).
MOMENT = (
    "[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]*)?)?"
    "( ?UTC|Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)?)?"
)

_OFFSET_AFTER_MINUTES, _WITH_SECONDS = r"^([0-9/-]+[T ][0-9]{1,2}:[0-9]{2})( ?UTC|Z|[+-][0-9:]+)$", r"\1:00\2"


def moment_of(text: str) -> str:
    """SQL of a text (SQL) as a timestamp with time zone, UTC where it names no offset; null where it is no moment."""
    # An offset after minutes is not cast.
    whole = f"regexp_replace({text}, {literal(_OFFSET_AFTER_MINUTES)}, {literal(_WITH_SECONDS)})"
    return f"try_cast(regexp_extract({whole}, {literal(f'^{MOMENT}$')}) as timestamptz)"


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
