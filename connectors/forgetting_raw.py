"""Forgets in a source's raw file: the records that go, what others say of them, and the bytes they took."""

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from connectors import connector_class
from connectors.contract import Stream
from connectors.forgetting import Forgetting, Knows
from connectors.forgotten import Book, moment_sql
from connectors.raw_store import LATEST, RawStore
from connectors.rewriting import Change, rewrite
from connectors.scratch import only_run
from connectors.storage import open_duckdb, quoted


@dataclass
class Counts:
    """Rows of raw by `source.stream`: versions of records."""

    removed: dict[str, int] = field(default_factory=dict)
    redacted: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Counts") -> None:
        self.removed |= other.removed
        self.redacted |= other.redacted


@dataclass(frozen=True)
class Wanted:
    """What is to be forgotten. `needles`: plain texts by which the rows are found that need a look; None: look at all.

    `before`: events earlier than this moment, ISO in UTC, and versions of records that were replaced before it.
    """

    knows: Knows
    needles: Collection[str] | None = None
    before: str | None = None


def forgotten_in_raw(home: Path, source: str, wanted: Wanted) -> Counts:
    """What forgetting would change in a raw file, which it only reads."""
    file = home / "raw" / f"{source}.duckdb"
    if not file.exists():
        return Counts()
    with open_duckdb(file, read_only=True) as connection:
        return _Search(connection, source, wanted).counts()


def records_in_raw(home: Path, source: str, wanted: Wanted) -> Iterator[tuple[str, dict[str, str]]]:
    """(stream, row as text) of each version of a record that forgetting would remove."""
    file = home / "raw" / f"{source}.duckdb"
    if not file.exists():
        return
    with open_duckdb(file, read_only=True) as connection:
        search = _Search(connection, source, wanted)
        search.counts()
        yield from search.removed()


def forget_in_raw(home: Path, source: str, wanted: Wanted, book: Book) -> Counts:
    """Forget in a raw file, and write it anew. Raises AlreadyRunning, FileLocked."""
    file = home / "raw" / f"{source}.duckdb"
    if not file.exists():
        return Counts()
    with only_run(home, source):
        streams = connector_class(source).streams
        with RawStore(home, source, streams):
            pass
        counts = forgotten_in_raw(home, source, wanted)
        if counts.removed or counts.redacted:
            # Looked for again, in the file that is changed: only there the numbers of its rows are sure.
            rewrite_raw(file, source, lambda connection: _Search(connection, source, wanted).apply(book))
    return counts


def rewrite_raw(file: Path, source: str, change: Change) -> None:
    """`rewrite`, of a raw file, whose tables are stored in a way of their own."""
    rewrite(file, change, _prepared(source, connector_class(source).streams))


class _Search:
    """What goes from the tables of a raw file, by the rowids of the file as it was found."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: str, wanted: Wanted) -> None:
        self._connection = connection
        self._schema = f"raw_{source}"
        self._source = source
        self._wanted = wanted
        self._forgetting = Forgetting(source, wanted.knows)
        self._removed: dict[str, set[int]] = {}
        self._texts: dict[str, dict[int, str]] = {}
        there = {
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables where table_schema = ?", [self._schema]
            ).fetchall()
        }
        self._streams = [each for each in connector_class(source).streams if each.name in there]

    def counts(self) -> Counts:
        known = -1
        # What went takes along what belongs to it, in a stream that may have been looked at before.
        while known < len(self._forgetting.gone):
            known = len(self._forgetting.gone)
            for stream in self._streams:
                self._look(stream)
        self._look_at_quarantine()
        for stream in self._streams:
            self._removed[stream.name] |= self._too_old(stream) if self._wanted.before else set()
        return Counts(
            {f"{self._source}.{name}": len(rows) for name, rows in self._removed.items() if rows},
            {
                f"{self._source}.{name}": len(rows)
                for name in self._texts
                if (rows := self._texts[name].keys() - self._removed[name])
            },
        )

    def removed(self) -> Iterator[tuple[str, dict[str, str]]]:
        for stream in self._streams:
            table, rows = quoted(self._schema, stream.name), self._removed[stream.name]
            leaving = pa.table({"row": pa.array(sorted(rows), pa.int64())})  # noqa: F841 (DuckDB reads it by its name)
            found = self._connection.execute(
                "select record_id, record_version, cast(extracted_at as varchar), record "
                f"from {table} where rowid in (select row from leaving) order by all"
            ).fetchall()
            for key, version, extracted_at, record in found:
                told = {
                    "record_id": key,
                    "record_version": version,
                    "extracted_at": extracted_at,
                    "record": record,
                }
                yield stream.name, told

    def apply(self, book: Book) -> None:
        self.counts()
        connection = self._connection
        connection.execute("begin")
        now = datetime.now(UTC)
        for stream in self._streams:
            table = quoted(self._schema, stream.name)
            removed = self._removed[stream.name]
            texts = {row: text for row, text in self._texts[stream.name].items() if row not in removed}
            _with_rows(connection, ((row, "") for row in removed))
            connection.execute(f"delete from {table} where rowid in (select row from going)")
            _with_rows(connection, texts.items())
            connection.execute(
                f"update {table} as held set record = going.text, record_hash = md5(going.text) from going "
                "where held.rowid = going.row"
            )
            # Versions that differed only in what was struck out are one.
            (doubles,) = connection.execute(
                f"delete from {table} where rowid in (select rowid from (select rowid, row_number() over "
                f"(partition by record_id, record_hash order by {LATEST}) as copy from {table} "
                "where record_id in (select record_id from "
                f"{table} where rowid in (select row from going))) where copy > 1)"
            ).fetchall()[0]
            if removed or texts:
                connection.execute(
                    f"insert into {self._schema}._pops_forgotten values (?, ?, ?, ?)",
                    [stream.name, now, len(removed) + doubles, len(texts) - doubles],
                )
        _with_rows(connection, ((row, "") for row in self._removed["_pops_quarantine"]))
        connection.execute(
            f"delete from {self._schema}._pops_quarantine where rowid in (select row from going)"
        )
        connection.execute("drop table going")
        ids = pa.table(  # noqa: F841 (DuckDB reads it by its name)
            {"id_hash": pa.array([book.hashed(each) for each in self._forgetting.gone], pa.string())}
        )
        connection.execute(
            f"insert or ignore into {self._schema}._pops_forgotten_ids select id_hash from ids"
        )
        connection.execute("commit")

    def _look(self, stream: Stream) -> None:
        removed, texts = self._removed.setdefault(stream.name, set()), self._texts.setdefault(stream.name, {})
        rows = self._connection.cursor().execute(
            f"select rowid, record_id, record from {quoted(self._schema, stream.name)} {self._condition('record_id, ')}",
        )
        while batch := rows.fetchmany(5_000):
            for row, record_id, text in batch:
                if row in removed:
                    continue
                left = self._forgetting.left(stream, record_id, text)
                if left is None:
                    removed.add(row)
                elif left != text:
                    texts[row] = left

    def _look_at_quarantine(self) -> None:
        rows = self._connection.execute(
            f"select rowid, record from {self._schema}._pops_quarantine {self._condition('')}"
        ).fetchall()
        self._removed["_pops_quarantine"] = {row for row, text in rows if self._forgetting.mentions(text)}

    def _too_old(self, stream: Stream) -> set[int]:
        table = quoted(self._schema, stream.name)
        if stream.happened:
            sql = f"select rowid from {table} where {moment_sql(stream.happened)} < cast(? as timestamptz)"
        else:
            sql = (
                "select row from (select rowid as row, lag(extracted_at) over "
                f"(partition by record_id order by {LATEST}) as replaced_at from {table}) "
                "where replaced_at < cast(? as timestamptz)"
            )
        return {row for (row,) in self._connection.execute(sql, [self._wanted.before]).fetchall()}

    def _condition(self, id_column: str) -> str:
        if self._wanted.needles is None:
            return ""
        ids = {each.split(":", 2)[2] for each in self._forgetting.gone}
        patterns = sorted({pattern_of(each) for each in {*self._wanted.needles, *ids} if each})
        if not patterns:
            return "where false"
        pattern = "|".join(patterns).replace("'", "''")
        return f"where regexp_matches(concat_ws(' ', {id_column}record), '{pattern}', 'i')"


def pattern_of(needle: str) -> str:
    """Matches a needle in JSON text (RE2, without case), where what is not ASCII may be escaped or have its accents apart, and
    words of a name may stand apart."""
    words = (
        "".join(re.escape(c) if c.isascii() else _written(c) for c in word)
        for word in unicodedata.normalize("NFC", needle).split()
    )
    return r"[^\pL\pN_]+".join(words)


def _written(letter: str) -> str:
    """The ways to write a letter that is not ASCII."""
    cases = (letter, letter.lower(), letter.upper())
    forms = {*cases, *(unicodedata.normalize("NFD", each) for each in cases)}
    escaped = {re.escape(json.dumps(each)[1:-1]).replace(r"\\u", r"\\+u") for each in forms}
    return f"(?:{'|'.join(sorted({*map(re.escape, forms), *escaped}))})"


def _with_rows(connection: duckdb.DuckDBPyConnection, rows: Iterable[tuple[int, str]]) -> None:
    listed = list(rows)
    leaving = pa.table(  # noqa: F841 (DuckDB reads it by its name)
        {
            "row": pa.array([row for row, _ in listed], pa.int64()),
            "text": pa.array([text for _, text in listed], pa.string()),
        }
    )
    connection.execute("create or replace temp table going as select * from leaving")


def _prepared(source: str, streams: tuple[Stream, ...]) -> Callable[[Path], None]:
    """Makes the tables of a raw file, compressed as they are."""

    def prepare(file: Path) -> None:
        with RawStore(file.parent, source, streams, file):
            pass

    return prepare
