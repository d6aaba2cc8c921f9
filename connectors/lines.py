"""From a body of one JSON record a line to pages: lines stay as they were sent, half characters aside, in bounded memory."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from connectors.batch import LARGEST_RECORD_BYTES
from connectors.contract import PAGE_SCHEMA, Page
from connectors.mending import SUSPECT, Mender
from connectors.storage import open_duckdb

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Bytes of lines that become one page: small enough for memory, large enough for speed.
PAGE_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 4 * 1024 * 1024
LONGEST_LINE = LARGEST_RECORD_BYTES
# Of a line that is too long, this much is kept, to know it by.
KEPT_OF_LINE = 1000
# DuckDB gives each of its threads a record batch at a time.
ROWS_A_THREAD = 2048


class Readable(Protocol):
    """A file opened for bytes, or a decompressor of one."""

    def read(self, size: int, /) -> bytes: ...


def lines_of(file: Readable) -> Iterator[list[bytes]]:
    """The lines without their line ends and without empty ones, some megabytes at a time.

    Of a line that is longer than `LONGEST_LINE` only so much comes, and one byte: enough to be known as too long.
    """
    parts: list[bytes] = []
    held = 0
    is_first = True
    while chunk := file.read(CHUNK_BYTES):
        if is_first:
            chunk, is_first = chunk.removeprefix(BYTE_ORDER_MARK), False
        head, *lines = chunk.split(b"\n")
        if held <= LONGEST_LINE:
            parts.append(head[: LONGEST_LINE + 1 - held])
            held += len(parts[-1])
        if not lines:
            continue
        *whole, rest = lines
        yield [line for line in (b"".join(parts), *whole) if line]
        parts, held = [rest], len(rest)
    if held:
        yield [b"".join(parts)]


def line_pages(parts: Iterable[list[bytes]], selection: str) -> Iterator[Page]:
    """Pages of at most about 16 MB of lines.

    `selection`: SQL that turns the table `lines` (a text column `line`) into the columns of `PAGE_SCHEMA` and `reason`,
    which says why a line cannot be a record (null: it can). Such lines, and those that are not UTF-8, are quarantined;
    half a character is replaced.
    """
    connection = open_duckdb(memory_limit="128MB", threads=2)
    try:
        waiting: list[bytes] = []
        size = 0
        for lines in parts:
            waiting += lines
            size += sum(map(len, lines))
            if size >= PAGE_BYTES:
                page = _page(connection, waiting, selection)
                # Before the page is worked on: memory holds it once.
                waiting, size = [], 0
                yield page
        if waiting:
            yield _page(connection, waiting, selection)
    finally:
        connection.close()


def _page(connection: duckdb.DuckDBPyConnection, raw_lines: list[bytes], selection: str) -> Page:
    texts, quarantined = _decoded(raw_lines)
    mender = Mender()
    if pc.any(pc.match_substring_regex(texts, SUSPECT)).as_py():
        texts = pa.array(map(mender.whole, texts.to_pylist()), pa.string())
    table = pa.table({"line": texts})
    lines = pa.Table.from_batches(table.to_batches(ROWS_A_THREAD), table.schema)  # noqa: F841 (DuckDB reads it by its name)
    found = connection.execute(selection).to_arrow_table()
    unusable = pc.is_valid(found["reason"])
    if pc.any(unusable).as_py():
        wrong = found.filter(unusable)
        quarantined += zip(wrong["reason"].to_pylist(), wrong["record"].to_pylist(), strict=True)
        found = found.filter(pc.invert(unusable))
    records = found.select(PAGE_SCHEMA.names).cast(PAGE_SCHEMA)
    return Page(records, quarantined=quarantined, mended=mender.count)


def _decoded(lines: list[bytes]) -> tuple[pa.Array, list[tuple[str, str]]]:
    """The lines as text, and those that are too long or not UTF-8."""
    broken: list[tuple[str, str]] = []
    if max(map(len, lines)) > LONGEST_LINE:
        too_long = [line for line in lines if len(line) > LONGEST_LINE]
        lines = [line for line in lines if len(line) <= LONGEST_LINE]
        reason = f"The line is longer than {LONGEST_LINE} bytes."
        broken += [(reason, line[:KEPT_OF_LINE].decode(errors="backslashreplace")) for line in too_long]
    whole = pa.array(lines, pa.binary())
    try:
        return whole.cast(pa.string()), broken
    except pa.ArrowInvalid:
        pass
    texts: list[str] = []
    for line in lines:
        try:
            texts.append(line.decode())
        except UnicodeDecodeError:
            broken.append(("The line is not UTF-8.", line.decode(errors="backslashreplace")))
    return pa.array(texts, pa.string()), broken
