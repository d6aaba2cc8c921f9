"""What raw files say of themselves: how much is in them, and how and when they were last read."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from connectors import SOURCES, connector_class


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


@dataclass(frozen=True)
class ReadState:
    """Up to which UTC moment a source was read (None: never), how its last run ended, and how many records raw holds.

    `outcome`: ok, failed, paused (its quota was spent), or off when it never ran. `night_until`: the moment up to which the night reads.
    """

    source: str
    family: str
    outcome: str
    read_until: datetime | None
    night_until: datetime
    records: int


def read_states(home: Path, until: datetime) -> list[ReadState]:
    """The state of every source's raw file, read-only; a source without a file has never been read."""
    return [_read_state(home / "raw" / f"{source}.duckdb", source, until) for source in SOURCES]


def _read_state(file: Path, source: str, until: datetime) -> ReadState:
    night_until = until.astimezone(UTC).replace(tzinfo=None)
    family = connector_class(source).family
    if not file.exists():
        return ReadState(source, family, "off", None, night_until, 0)
    schema = f"raw_{source}"
    with duckdb.connect(str(file), read_only=True) as raw:
        raw.execute("set timezone = 'UTC'")
        last = raw.execute(
            f"select outcome from {schema}._pops_runs order by started_at desc limit 1"
        ).fetchone()
        read = raw.execute(
            f"select max(until)::timestamp from {schema}._pops_runs where outcome = 'ok'"
        ).fetchone()
        streams = raw.execute(
            "select table_name from information_schema.tables where table_schema = ? and not starts_with(table_name, '_')",
            [schema],
        ).fetchall()
        records = sum(
            _count(raw, f'select count(distinct record_id) from {schema}."{stream}"') for (stream,) in streams
        )
    return ReadState(
        source, family, last[0] if last else "off", read[0] if read else None, night_until, records
    )


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
