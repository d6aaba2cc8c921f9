"""What raw files say of themselves: how much is in them, and how and when they were last read."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from connectors import connector_class
from connectors.instances import sources_of
from connectors.storage import FileDamaged, FileLocked, open_duckdb


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
        with open_duckdb(file, read_only=True) as raw:
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
    except (FileLocked, FileDamaged, OSError):
        return {}


@dataclass(frozen=True)
class ReadState:
    """Up to which UTC moment a source was read (None: never), how its last run ended, and how many records raw holds.

    `outcome`: ok, failed, paused (its quota was spent), off when it never ran; `being read`, `not readable` (by this user, on
    this system now) or `damaged` when the file does not say
    (`records` is None then). `night_until`: the moment up to which the night reads.
    """

    source: str
    family: str
    outcome: str
    read_until: datetime | None
    night_until: datetime
    records: int | None


def read_states(home: Path, until: datetime, env: Mapping[str, str] = os.environ) -> list[ReadState]:
    """The state of every source's raw file, read-only; a source without a file has never been read."""
    return [_read_state(home / "raw" / f"{source}.duckdb", source, until) for source in sources_of(env)]


def _read_state(file: Path, source: str, until: datetime) -> ReadState:
    night_until = until.astimezone(UTC).replace(tzinfo=None)
    family = connector_class(source).family
    if not file.exists():
        return ReadState(source, family, "off", None, night_until, 0)
    try:
        return _booked_state(file, source, family, night_until)
    except FileLocked:
        return ReadState(source, family, "being read", None, night_until, None)
    except OSError:
        return ReadState(source, family, "not readable", None, night_until, None)
    except FileDamaged:
        return ReadState(source, family, "damaged", None, night_until, None)


def _booked_state(file: Path, source: str, family: str, night_until: datetime) -> ReadState:
    schema = f"raw_{source}"
    with open_duckdb(file, read_only=True) as raw:
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


def records_forgotten(home: Path, source: str, since: datetime) -> int:
    """How many records, of a version each, an operator has removed of a source since a moment (UTC, without a zone)."""
    file = home / "raw" / f"{source}.duckdb"
    try:
        with open_duckdb(file, read_only=True) as raw:
            return _count(
                raw,
                f"select coalesce(sum(removed_count), 0) from raw_{source}._pops_forgotten "
                f"where forgotten_at >= timestamptz '{since.replace(tzinfo=UTC).isoformat()}'",
            )
    except (FileLocked, FileDamaged, OSError, duckdb.CatalogException):
        # A file that is not there, or that a release wrote which knew of no forgetting.
        return 0


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
