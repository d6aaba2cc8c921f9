"""From an export's zip to pages of events: lines stay byte for byte as they were sent."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import PAGE_SCHEMA, Page
from connectors.errors import MalformedResponse

PLACE = "GET /api/2/export"
EVENT_FILE = ".json.gz"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Bytes of lines that become one page: small enough for memory, large enough for speed.
PAGE_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 4 * 1024 * 1024
# DuckDB gives each of its threads a record batch at a time.
ROWS_A_THREAD = 2048
BROKEN_GZIP = (gzip.BadGzipFile, EOFError, zlib.error)

_EVENTS = """
with parsed as (
    select
        line,
        try(json_extract_string(line, ['$.uuid', '$.processed_time', '$.server_upload_time'])) as found,
    from lines
)
select
    found[1] as record_id,
    coalesce(found[2], found[3], 'unknown') as record_version,
    false as is_deleted,
    line as record,
    case
        when found is null then 'The line is not JSON.'
        when coalesce(found[1], '') = '' then 'The event has no uuid.'
    end as reason
from parsed
"""


def sound_archive(path: Path) -> None:
    """Raises MalformedResponse unless `path` is a zip whose members are whole, one of them a file of events."""
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
            names = _event_files(archive)
    except zipfile.BadZipFile as error:
        raise MalformedResponse("The export is not a whole zip archive.", place=PLACE) from error
    if broken is not None:
        raise MalformedResponse(f"The export's member {broken} is damaged.", place=PLACE)
    if not names:
        raise MalformedResponse("The export's archive holds no file of events.", place=PLACE)


def event_pages(path: Path) -> Iterator[Page]:
    """Pages of at most about 16 MB of lines. Raises MalformedResponse for a member that cannot be decompressed."""
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "128MB"})
    try:
        with zipfile.ZipFile(path) as archive:
            waiting: list[bytes] = []
            size = 0
            for name in _event_files(archive):
                for lines in _lines(archive, name):
                    waiting += lines
                    size += sum(map(len, lines))
                    if size >= PAGE_BYTES:
                        yield _page(connection, waiting)
                        waiting, size = [], 0
            if waiting:
                yield _page(connection, waiting)
    finally:
        connection.close()


def _event_files(archive: zipfile.ZipFile) -> list[str]:
    return [name for name in archive.namelist() if name.endswith(EVENT_FILE)]


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[list[bytes]]:
    """The lines of a member without their line ends, some megabytes at a time."""
    remainder = b""
    try:
        with archive.open(name) as packed, gzip.open(packed) as unpacked:
            for chunk in _chunks(unpacked):
                *lines, remainder = (remainder + chunk).removeprefix(BYTE_ORDER_MARK).split(b"\n")
                yield [line for line in lines if line]
    except BROKEN_GZIP as error:
        raise MalformedResponse(f"The export's member {name} is damaged.", place=PLACE) from error
    if remainder:
        yield [remainder]


def _chunks(file: "IO[bytes] | gzip.GzipFile") -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _page(connection: duckdb.DuckDBPyConnection, raw_lines: list[bytes]) -> Page:
    texts, quarantined = _decoded(raw_lines)
    lines = pa.Table.from_batches(pa.table({"line": texts}).to_batches(ROWS_A_THREAD))  # noqa: F841 (DuckDB reads it by its name)
    found = connection.execute(_EVENTS).to_arrow_table()
    unusable = pc.is_valid(found["reason"])
    if pc.any(unusable).as_py():
        wrong = found.filter(unusable)
        quarantined += zip(wrong["reason"].to_pylist(), wrong["record"].to_pylist(), strict=True)
        found = found.filter(pc.invert(unusable))
    return Page(found.select(PAGE_SCHEMA.names).cast(PAGE_SCHEMA), quarantined=quarantined)


def _decoded(lines: list[bytes]) -> tuple[pa.Array, list[tuple[str, str]]]:
    """The lines as text, and those that are not UTF-8."""
    whole = pa.array(lines, pa.binary())
    try:
        return whole.cast(pa.string()), []
    except pa.ArrowInvalid:
        pass
    texts: list[str] = []
    broken: list[tuple[str, str]] = []
    for line in lines:
        try:
            texts.append(line.decode())
        except UnicodeDecodeError:
            broken.append(("The line is not UTF-8.", line.decode(errors="backslashreplace")))
    return pa.array(texts, pa.string()), broken
