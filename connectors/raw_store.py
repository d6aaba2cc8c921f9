"""A source's raw file: its tables, and the bookkeeping that decides what counts as loaded.

Whatever is not booked in `_pops_loads` did not happen: rows of a load that a stopped run did not book are taken back
when the file is next opened, and their window is read again.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import duckdb

from connectors.contract import Cursor, RawRecord, Stream, Window
from connectors.errors import AlreadyRunning
from connectors.storage import FileDamaged, FileLocked, open_duckdb, refusal_in, set_aside, write_out

# Name -> (DuckDB type, dlt type); no column may be null.
RAW_COLUMNS: Mapping[str, tuple[str, str]] = {
    "record_id": ("VARCHAR", "text"),
    "record_version": ("VARCHAR", "text"),
    "record_hash": ("VARCHAR", "text"),
    "extracted_at": ("TIMESTAMP WITH TIME ZONE", "timestamp"),
    "load_id": ("VARCHAR", "text"),
    "is_deleted": ("BOOLEAN", "bool"),
    "record": ("VARCHAR", "text"),
}
COMPRESSION = {"record": "using compression zstd"}
BOOKKEEPING = """
create table if not exists {schema}._pops_loads (
    load_id varchar not null, stream varchar not null, window_start timestamptz, window_end timestamptz,
    fetched_count bigint not null, loaded_count bigint not null, duplicate_count bigint not null,
    quarantined_count bigint not null, vendor_count bigint, outcome varchar not null, reason varchar,
    extracted_at timestamptz not null
);
create table if not exists {schema}._pops_keys (stream varchar primary key, key_version integer not null);
alter table {schema}._pops_loads add column if not exists mended_count bigint default 0;
alter table {schema}._pops_loads add column if not exists forgotten_count bigint default 0;
create table if not exists {schema}._pops_forgotten (
    stream varchar not null, forgotten_at timestamptz not null, removed_count bigint not null,
    redacted_count bigint not null
);
create table if not exists {schema}._pops_forgotten_ids (id_hash varchar primary key);
create table if not exists {schema}._pops_quarantine (
    stream varchar not null, reason varchar not null, record varchar not null, load_id varchar not null,
    extracted_at timestamptz not null
);
create table if not exists {schema}._pops_cursors (
    stream varchar primary key, cursor varchar not null, committed_at timestamptz not null, load_id varchar not null
);
create table if not exists {schema}._pops_sweeps (
    load_id varchar primary key, stream varchar not null, swept_at timestamptz not null, held_count bigint not null,
    listed_count bigint not null, gone_count bigint not null, returned_count bigint not null
);
create table if not exists {schema}._pops_runs (
    run_id varchar primary key, started_at timestamptz not null, finished_at timestamptz, until timestamptz not null,
    outcome varchar not null, error varchar
);
"""
# By name: a file that is older than a column got it as its last.
LOADS = (
    "load_id, stream, window_start, window_end, fetched_count, loaded_count, duplicate_count, quarantined_count, "
    "vendor_count, outcome, reason, extracted_at, mended_count, forgotten_count"
)
STOPPED = "The run was stopped before its end."
# Latest first; as the staging models choose.
LATEST = "extracted_at desc, record_version desc, load_id desc, record_hash desc"
# Enough for the largest window; DuckDB writes to disk what does not fit.
MEMORY_LIMIT = "256MB"
# Zstandard makes raw a third as large as DuckDB's own choice; older files do not know it.
STORAGE_VERSION = "v1.2.0"

# `left_out`: a part of the stream that the vendor refused; `reason` names it.
Outcome = Literal["loaded", "empty", "failed", "not_available", "paused", "left_out"]


@dataclass(frozen=True)
class Booking:
    """What `_pops_loads` says of a window. `fetched` = `loaded` + `duplicates` + `quarantined` + `forgotten` unless it failed.

    `forgotten`: records of somebody who is forgotten, which are not stored. `forgotten_ids`: hashes of their ids.
    `mended`: in how many of the fetched records half a character was replaced by U+FFFD.
    """

    load_id: str
    outcome: Outcome
    fetched: int = 0
    loaded: int = 0
    duplicates: int = 0
    quarantined: int = 0
    mended: int = 0
    forgotten: int = 0
    forgotten_ids: tuple[str, ...] = ()
    vendor_count: int | None = None
    reason: str | None = None


@dataclass
class SweepCounts:
    """What `_pops_sweeps` says of a sweep. `held`: records of raw that were not deleted. `listed`: ids that the vendor has.

    `gone`: taken for deleted. `returned`: were deleted in raw, and the vendor has them.
    """

    held: int = 0
    listed: int = 0
    gone: int = 0
    returned: int = 0


class RawStore:
    """The open raw file of one source; only its connector's runner writes it. Times are UTC.

    A file that cannot be read any more is put aside, and the source begins anew with an empty one; `put_aside` says where it
    lies. A file that another process has open raises AlreadyRunning.
    """

    def __init__(
        self, home: Path, source: str, streams: tuple[Stream, ...], file: Path | None = None
    ) -> None:
        """`file`: another one than the source's in the home."""
        self.source = source
        self.schema = f"raw_{source}"
        self.path = file or home / "raw" / f"{source}.duckdb"
        self._streams = streams
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.put_aside: Path | None = None
        try:
            try:
                self._open()
            except FileDamaged:
                self.put_aside = set_aside(self.path)
                self._open()
        except FileLocked as error:
            raise AlreadyRunning(
                f"The raw file {self.path.name} is open in another process.",
                remedy="Close what has it open (another run, a DuckDB shell), and run again.",
                source=source,
            ) from error

    def _open(self) -> None:
        self.connection = open_duckdb(
            self.path, memory_limit=MEMORY_LIMIT, storage_compatibility_version=STORAGE_VERSION
        )
        try:
            self._prepare()
        except BaseException as error:
            self.connection.close()
            if isinstance(error, duckdb.Error) and (refused := refusal_in(str(error), self.path)):
                raise refused from error
            if isinstance(error, duckdb.IOException | duckdb.SerializationException):
                raise FileDamaged(f"{self.path.name} is damaged and cannot be read.") from error
            raise

    def begin_anew(self) -> None:
        """Put the file aside, whose pages cannot be read, and go on with an empty one."""
        self.connection.close()
        self.put_aside = set_aside(self.path)
        self._open()

    def __enter__(self) -> "RawStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def table(self, stream: str) -> str:
        return f"{self.schema}.{stream}"

    def cursor(self, stream: str) -> Cursor | None:
        """The committed position of a stream; None: it was never read."""
        found = self._row(f"select cursor from {self.schema}._pops_cursors where stream = ?", [stream])
        return json.loads(found[0]) if found else None

    def known(self, stream: str) -> Iterator[RawRecord]:
        """The latest version of every record of a stream, without those that are deleted."""
        rows = self.connection.cursor().execute(
            f"""
            select record_id, record_version, record, is_deleted
            from (
                select *, row_number() over (partition by record_id order by {LATEST}) as version_number
                from {self.table(stream)}
            )
            where version_number = 1 and not is_deleted
            order by record_id
            """
        )
        while batch := rows.fetchmany(5_000):
            yield from (RawRecord(*row) for row in batch)

    def states(self, stream: str) -> Iterator[tuple[str, bool]]:
        """(id, is deleted) of the latest version of every record of a stream."""
        rows = self.connection.cursor().execute(
            f"""
            select record_id, is_deleted
            from (
                select
                    record_id, is_deleted,
                    row_number() over (partition by record_id order by {LATEST}) as version_number
                from {self.table(stream)}
            )
            where version_number = 1
            """
        )
        while batch := rows.fetchmany(5_000):
            yield from batch

    def read_until(self, now: datetime) -> datetime | None:
        """The latest moment up to which a night has read the source; None: none has. One after `now` was a wrong clock's."""
        found = self._row(
            f"select max(until)::timestamp from {self.schema}._pops_runs where outcome = 'ok' and until <= ?",
            [now],
        )
        return found[0].replace(tzinfo=UTC) if found and found[0] else None

    def last_swept(self, stream: str) -> datetime | None:
        """When a stream was last compared with the vendor's ids, or else first read; None: it was never read."""
        found = self._row(
            f"""
            select coalesce(
                (select max(swept_at) from {self.schema}._pops_sweeps where stream = $stream),
                (
                    select min(extracted_at) from {self.schema}._pops_loads
                    where stream = $stream and outcome in ('loaded', 'empty')
                )
            )::timestamp
            """,
            {"stream": stream},
        )
        return found[0].replace(tzinfo=UTC) if found and found[0] else None

    def has_deleted_since(self, stream: str, moment: datetime) -> bool:
        """Did a reading after `moment` find a record of the stream deleted? No, where the stream is not read."""
        if stream not in {each.name for each in self._streams}:
            return False
        found = self._row(
            f"select count(*) from {self.table(stream)} where is_deleted and extracted_at > ?", [moment]
        )
        return bool(found and found[0])

    def start_run(self, run_id: str, until: datetime, is_night: bool = True) -> None:
        """Book the run as stopped until `finish_run` says otherwise, and take back what no run has booked.

        A window that is read again is no night: it says nothing of how far the source has been read.
        """
        if is_night:
            self.connection.execute(
                f"insert into {self.schema}._pops_runs values (?, ?, null, ?, 'failed', ?)",
                [run_id, datetime.now(UTC), until, STOPPED],
            )
        for stream in self._streams:
            self._take_back_unbooked(stream.name)

    def finish_run(self, run_id: str, outcome: Literal["ok", "failed", "paused"], error: str | None) -> None:
        self.connection.execute(
            f"update {self.schema}._pops_runs set finished_at = ?, outcome = ?, error = ? where run_id = ?",
            [datetime.now(UTC), outcome, error, run_id],
        )

    def book(
        self,
        stream: str,
        window: Window | None,
        booking: Booking,
        extracted_at: datetime,
        cursor: Cursor | None = None,
        quarantined: list[tuple[str, str]] | None = None,
        sweep: SweepCounts | None = None,
    ) -> None:
        """Write the load, its quarantined records, the cursor and what a sweep counted in one transaction."""
        start, end = (window.start, window.end) if window else (None, None)
        connection = self.connection
        connection.begin()
        try:
            connection.execute(
                f"insert into {self.schema}._pops_loads ({LOADS}) values ({', '.join('?' * 14)})",
                [
                    booking.load_id, stream, start, end, booking.fetched, booking.loaded, booking.duplicates,
                    booking.quarantined, booking.vendor_count, booking.outcome, booking.reason, extracted_at,
                    booking.mended, booking.forgotten,
                ],
            )  # fmt: skip
            for reason, record in quarantined or []:
                self._quarantine(stream, reason, record, booking.load_id, extracted_at)
            self.remember_forgotten(booking.forgotten_ids)
            if sweep is not None:
                connection.execute(
                    f"insert into {self.schema}._pops_sweeps values (?, ?, ?, ?, ?, ?, ?)",
                    [
                        booking.load_id,
                        stream,
                        extracted_at,
                        sweep.held,
                        sweep.listed,
                        sweep.gone,
                        sweep.returned,
                    ],
                )
            if cursor is not None:
                connection.execute(
                    f"insert or replace into {self.schema}._pops_cursors values (?, ?, ?, ?)",
                    [stream, json.dumps(cursor, sort_keys=True), datetime.now(UTC), booking.load_id],
                )
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        write_out(connection, self.path)

    def forgotten_ids(self) -> set[str]:
        """Hashes of the ids of records that went with somebody who is forgotten."""
        rows = self.connection.execute(f"select id_hash from {self.schema}._pops_forgotten_ids").fetchall()
        return {each for (each,) in rows}

    def remember_forgotten(self, hashes: Iterable[str]) -> None:
        if rows := [[each] for each in hashes]:
            self.connection.executemany(
                f"insert or ignore into {self.schema}._pops_forgotten_ids values (?)", rows
            )

    def take_back(self, stream: str, load_id: str) -> None:
        """Remove the rows of a load that does not count."""
        self.connection.execute(f"delete from {self.table(stream)} where load_id = ?", [load_id])

    def count_of_load(self, stream: str, load_id: str) -> int:
        row = self._row(f"select count(*) from {self.table(stream)} where load_id = ?", [load_id])
        return int(row[0]) if row else 0

    def _prepare(self) -> None:
        columns = ", ".join(
            f"{name} {kind} not null {COMPRESSION.get(name, '')}" for name, (kind, _) in RAW_COLUMNS.items()
        )
        tables = ";".join(
            f"create table if not exists {self.table(each.name)} ({columns})" for each in self._streams
        )
        self.connection.execute(f"create schema if not exists {self.schema};{tables}")
        self.connection.execute(BOOKKEEPING.format(schema=self.schema))
        for stream in self._streams:
            self._renew_keys(stream)

    def _renew_keys(self, stream: Stream) -> None:
        """Give the rows of an older key the ids that their records would get now, so that no later load doubles them."""
        books = f"{self.schema}._pops_keys"
        held = self._row(f"select key_version from {books} where stream = ?", [stream.name])
        if (held[0] if held else 1) == stream.key_version:
            return
        key = stream.older_key.replace("{schema}", self.schema)
        self.connection.begin()
        try:
            self.connection.execute(
                f"update {self.table(stream.name)} set record_id = {key} where record_id <> {key}"
            )
            self.connection.execute(
                f"insert or replace into {books} values (?, ?)", [stream.name, stream.key_version]
            )
            self.connection.commit()
        except BaseException:
            self.connection.rollback()
            raise

    def _take_back_unbooked(self, stream: str) -> None:
        unbooked = self.connection.execute(
            f"""
            select load_id from (select distinct load_id from {self.table(stream)})
            where load_id not in (select load_id from {self.schema}._pops_loads where stream = ?)
            """,
            [stream],
        ).fetchall()
        for (load_id,) in unbooked:
            self.take_back(stream, load_id)

    def _quarantine(
        self, stream: str, reason: str, record: str, load_id: str, extracted_at: datetime
    ) -> None:
        # A look-back reads the same broken record again.
        self.connection.execute(
            f"""
            insert into {self.schema}._pops_quarantine
            select $stream, $reason, $record, $load_id, $extracted_at
            where not exists (
                select 1 from {self.schema}._pops_quarantine
                where stream = $stream and reason = $reason and record = $record
            )
            """,
            {
                "stream": stream, "reason": reason, "record": record, "load_id": load_id, "extracted_at": extracted_at,
            },
        )  # fmt: skip

    def _row(self, sql: str, parameters: list[Any] | dict[str, Any]) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self.connection.execute(sql, parameters).fetchone()
        return found
