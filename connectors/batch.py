"""What one window brings, on its way to raw: hashed, freed of duplicates, and spooled to one Parquet file."""

from datetime import datetime
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.bodies import DEEPEST_JSON, is_too_deep
from connectors.contract import PAGE_SCHEMA, Page, RawRecord, Stream
from connectors.forgotten_records import ForgottenRecords
from connectors.mending import Mender
from connectors.raw_store import LATEST, RawStore
from connectors.storage import literal

RAW_SCHEMA = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("record_version", pa.string(), nullable=False),
        pa.field("record_hash", pa.string(), nullable=False),
        pa.field("extracted_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("load_id", pa.string(), nullable=False),
        pa.field("is_deleted", pa.bool_(), nullable=False),
        pa.field("record", pa.string(), nullable=False),
    ]
)
LARGEST_RECORD_BYTES = 16 * 1024 * 1024
# Of a quarantined record so much is kept as makes it recognisable.
QUARANTINED_CHARACTERS = 64 * 1024
ROW_GROUP = 16 * 1024
# DuckDB gives each of its threads a record batch at a time.
ROWS_A_THREAD = 2048


class Batch:
    """The records of one window. After `finish`, `file` holds the `new_count` rows that raw does not have yet."""

    def __init__(
        self,
        store: RawStore,
        stream: Stream,
        load_id: str,
        extracted_at: datetime,
        folder: Path,
        forgotten: ForgottenRecords,
    ) -> None:
        self._store = store
        self._kind = stream
        self._stream = stream.name
        self._forgotten = forgotten
        self.forgotten = 0
        self._load_id = load_id
        self._extracted_at = extracted_at
        self._connection = store.connection.cursor()
        self._connection.execute(
            "create or replace temp table batch_keys (record_id varchar, record_hash varchar, row_number bigint)"
        )
        self.file = folder / f"{stream.name}.parquet"
        self._spool = folder / f"{stream.name}.spool.parquet"
        self._writer: pq.ParquetWriter | None = None
        self._spooled = 0
        self.fetched = 0
        self.duplicates = 0
        self.new_count = 0
        self.vendor_count: int | None = None
        self._mender = Mender()
        self.quarantined: list[tuple[str, str]] = []

    def __enter__(self) -> "Batch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
        self._connection.execute("drop table if exists batch_keys")
        self._connection.close()
        self._spool.unlink(missing_ok=True)
        self.file.unlink(missing_ok=True)

    def add(self, page: Page) -> None:
        """Take over a page's records; what cannot be a record goes to `quarantined`."""
        self.fetched += len(page.records) + len(page.quarantined)
        self._mender.count += page.mended
        if page.vendor_count is not None:
            self.vendor_count = page.vendor_count
        for reason, record in page.quarantined:
            self._quarantine(reason, record)
        table = self._usable(self._table(page.records))
        left = self._forgotten.without(table, self._kind, self._connection)
        self.forgotten += table.num_rows - left.num_rows
        if not left.num_rows:
            return
        rows = self._hashed(left)
        positions = self._first_copies(rows)
        if len(positions) < rows.num_rows:
            self.duplicates += rows.num_rows - len(positions)
            rows = rows.take(positions.sort())
        if rows.num_rows:
            self._write(rows)

    @property
    def mended(self) -> int:
        """In how many records half a character was replaced."""
        return self._mender.count

    def finish(self) -> None:
        """Leave in `file` what raw does not have."""
        if self._writer is None:
            return
        self._writer.close()
        self._writer = None
        table = self._store.table(self._stream)
        self._connection.execute(
            f"delete from batch_keys where (record_id, record_hash) in (select record_id, record_hash from {table})"
        )
        # All of the result: what is left of one keeps its transaction open, and DuckDB writes no log into the file meanwhile.
        [(self.new_count,)] = self._connection.execute("select count(*) from batch_keys").fetchall()
        self.duplicates += self._spooled - self.new_count
        if self.new_count == self._spooled:
            self._spool.rename(self.file)
        elif self.new_count:
            self._connection.execute(
                f"""
                copy (
                    select spool.*
                    from read_parquet({literal(self._spool)}, file_row_number = false) as spool
                    semi join batch_keys using (record_id, record_hash)
                ) to {literal(self.file)} (format parquet, row_group_size {ROW_GROUP})
                """
            )

    def _table(self, records: "list[RawRecord] | pa.Table") -> pa.Table:
        if isinstance(records, pa.Table):
            return records.select(PAGE_SCHEMA.names)
        writable = []
        for each in records:
            text = self._mender.whole(each.record)
            try:
                each.record_id.encode()
                each.record_version.encode()
            except UnicodeEncodeError:
                self._quarantine("The record's id or version is not valid Unicode.", text)
            else:
                writable.append(each._replace(record=text))
        columns = {name: [getattr(each, name) for each in writable] for name in PAGE_SCHEMA.names}
        return pa.table(columns, schema=PAGE_SCHEMA)

    def _usable(self, table: pa.Table) -> pa.Table:
        """The records that have an id, and are of a bearable size and depth."""
        for reason, is_wrong in (
            (f"The record is larger than {LARGEST_RECORD_BYTES} bytes.", _is_too_large),
            (f"The record is nested deeper than {DEEPEST_JSON} levels.", _is_nested_too_deep),
            ("The record has no id.", lambda table: pc.equal(table["record_id"], "")),
        ):
            wrong = is_wrong(table)
            if pc.any(wrong).as_py():
                for record in table.filter(wrong)["record"].to_pylist():
                    self._quarantine(reason, record)
                table = table.filter(pc.invert(wrong))
        return table

    def _hashed(self, page: pa.Table) -> pa.Table:
        """The page with the columns of raw, in its own order."""
        if pc.any(pc.equal(page["record_version"], "")).as_py():
            hashes = self._state_hashes(page)
            version = pc.if_else(
                pc.equal(page["record_version"], ""), self._extracted_at.isoformat(), page["record_version"]
            )
            page = page.set_column(1, PAGE_SCHEMA.field(1), version)
        else:
            page = pa.Table.from_batches(page.to_batches(ROWS_A_THREAD))
            hashes = self._connection.execute("select md5(record) as record_hash from page").to_arrow_table()
        count = page.num_rows
        return pa.table(
            [
                page["record_id"],
                page["record_version"],
                hashes["record_hash"],
                pa.repeat(pa.scalar(self._extracted_at, pa.timestamp("us", "UTC")), count),
                pa.repeat(self._load_id, count),
                page["is_deleted"],
                page["record"],
            ],
            schema=RAW_SCHEMA,
        )

    def _state_hashes(self, page: pa.Table) -> pa.Table:
        """Hashes for records without a version of their own.

        A record that goes back to a content it had before would have a hash that raw holds already, and the return
        would be lost: it gets a hash of its own. What raw holds as the latest state keeps that row's hash.
        """
        return self._connection.execute(
            f"""
            with incoming as (
                select row_number() over () as row_number, *, md5(record) as content_hash from page
            ),
            latest as (
                select record_id, record_hash, record, is_deleted
                from (
                    select *, row_number() over (partition by record_id order by {LATEST}) as version_number
                    from {self._store.table(self._stream)}
                )
                where version_number = 1
            ),
            held as (select distinct record_id, record_hash from {self._store.table(self._stream)})
            select
                case
                    when incoming.record_version <> '' then content_hash
                    when latest.record = incoming.record and latest.is_deleted = incoming.is_deleted
                        then latest.record_hash
                    when held.record_id is not null then md5(incoming.record || '{self._load_id}')
                    else content_hash
                end as record_hash
            from incoming
            left join latest on latest.record_id = incoming.record_id
            left join held on held.record_id = incoming.record_id and held.record_hash = incoming.content_hash
            order by incoming.row_number
            """
        ).to_arrow_table()

    def _first_copies(self, rows: pa.Table) -> pa.Array:
        """Positions of the rows whose id and hash this batch has not seen; they are now seen."""
        keys = rows.select(["record_id", "record_hash"])  # noqa: F841 (DuckDB reads it by its name)
        found = self._connection.execute(
            """
            insert into batch_keys
            select record_id, record_hash, row_number
            from (
                select
                    *, row_number() over () - 1 as row_number,
                    row_number() over (partition by record_id, record_hash) as copy_number
                from keys
            )
            where copy_number = 1
                and (record_id, record_hash) not in (select record_id, record_hash from batch_keys)
            returning row_number
            """
        ).to_arrow_table()
        return found["row_number"].combine_chunks()

    def _write(self, rows: pa.Table) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._spool, RAW_SCHEMA, compression="lz4", use_dictionary=["load_id"]
            )
        self._writer.write_table(rows, row_group_size=ROW_GROUP)
        self._spooled += rows.num_rows

    def _quarantine(self, reason: str, record: str) -> None:
        if self._forgotten.names(record):
            self.forgotten += 1
            return
        printable = record[:QUARANTINED_CHARACTERS].encode(errors="backslashreplace").decode()
        self.quarantined.append((reason, printable))


def _is_too_large(table: pa.Table) -> pa.ChunkedArray:
    return pc.greater(pc.binary_length(table["record"]), LARGEST_RECORD_BYTES)


def _is_nested_too_deep(table: pa.Table) -> pa.ChunkedArray:
    column = table["record"]
    return pa.chunked_array([_deep(chunk) for chunk in column.chunks], pa.bool_())


def _deep(records: pa.StringArray) -> pa.BooleanArray:
    """Only what opens so many brackets at all can be so deep: those are counted for all records at once."""
    _, offsets, content = records.buffers()
    if not len(records) or content is None:
        return pa.array([False] * len(records), pa.bool_())
    ends = np.frombuffer(offsets, np.int32)[records.offset : records.offset + len(records) + 1]
    text = np.frombuffer(content, np.uint8)[ends[0] : ends[-1]]
    openings = np.flatnonzero((text == ord("[")) | (text == ord("{")))
    deep = np.diff(np.searchsorted(openings, ends - ends[0])) > DEEPEST_JSON
    for place in np.flatnonzero(deep):
        deep[place] = is_too_deep(records[place].as_py())
    return pa.array(deep)
