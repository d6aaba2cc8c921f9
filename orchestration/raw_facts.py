"""What a source's raw file says of itself: how much is in it, and when each stream was last read well."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class StreamFacts:
    """`rows`: versions of records in raw. `last_good`: UTC moment up to which the stream was last read; None: never."""

    rows: int
    last_good: datetime | None


def stream_facts(home: Path, source: str, streams: tuple[str, ...]) -> dict[str, StreamFacts]:
    """By stream. A source without a raw file, or whose file is being written, has no facts."""
    file = home / "raw" / f"{source}.duckdb"
    if not file.exists():
        return {}
    try:
        with duckdb.connect(str(file), read_only=True) as raw:
            raw.execute("set timezone = 'UTC'")
            good = dict(
                raw.execute(
                    f"select stream, max(extracted_at)::timestamp from raw_{source}._pops_loads "
                    "where outcome in ('loaded', 'empty') group by stream"
                ).fetchall()
            )
            return {
                stream: StreamFacts(
                    raw.execute(f'select count(*) from raw_{source}."{stream}"').fetchall()[0][0],
                    good[stream].replace(tzinfo=UTC) if stream in good else None,
                )
                for stream in streams
            }
    except duckdb.IOException:
        return {}
