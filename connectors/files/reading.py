"""A file's rows in DuckDB: one row a record, with its line, its raw text, what is wrong with it, and its cells as text.

Nothing is guessed: every cell stays the text that was written, until its mapping says what it is.
"""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import duckdb
import pyarrow as pa

from connectors.batch import LARGEST_RECORD_BYTES
from connectors.files.folder import BadFile
from connectors.files.mapping import Mapping
from connectors.mending import Mender
from connectors.storage import literal, quoted

ROWS_A_BATCH = 10_000
MOST_ROWS = 10_000_000
# To write a value as text takes DuckDB twice as long with each level.
DEEPEST_COLUMN = 10
# A row that does not fit the file's form has a problem instead of cells.
SHAPE = "row has not the shape of the file"

Cells = list[str | None]
Row = tuple[int, str, str | None, Cells]


def load_rows(connection: duckdb.DuckDBPyConnection, file: Path, path: str, mapping: Mapping) -> int:
    """Make the table `source_rows` (line, raw, problem, c0, c1, ...): a cell for each of `source_columns`.

    Returns in how many lines of JSON half a character was replaced.

    Raises BadFile: unknown format, no header, a mapped column is missing, or the file cannot be read at all.
    """
    columns = source_columns(mapping)
    cells = "".join(f", c{number} varchar" for number in range(len(columns)))
    connection.execute(
        f"create or replace table source_rows (line bigint, raw varchar, problem varchar{cells})"
    )
    kind = mapping.format_of(path)
    if kind is None:
        raise BadFile("its name does not say how it is written; say `format` in the mapping")
    if kind == "parquet":
        _load_parquet(connection, file, columns)
        return 0
    mender = Mender()
    rows = _csv_rows(file, columns, mapping.delimiter) if kind == "csv" else _json_rows(file, columns, mender)
    _insert(connection, rows, len(columns))
    if kind == "jsonl":
        for number, name in enumerate(columns):
            found = connection.execute(
                f"select count(*), count(c{number}) from source_rows where problem is null"
            ).fetchone()
            if found and found[0] and not found[1]:
                raise BadFile(f"no record has `{name}`, which the mapping names")
    return mender.count


def source_columns(mapping: Mapping) -> list[str]:
    """The file's columns that are read, each once."""
    return list(dict.fromkeys(rule.column for _, rule in mapping.mapped() if rule.column is not None))


def _insert(connection: duckdb.DuckDBPyConnection, rows: Iterator[Row], width: int) -> None:
    batch: list[Row] = []

    def flush() -> None:
        columns: dict[str, Any] = {
            "line": pa.array([row[0] for row in batch], pa.int64()),
            "raw": pa.array([row[1] for row in batch], pa.string()),
            "problem": pa.array([row[2] for row in batch], pa.string()),
        }
        for number in range(width):
            columns[f"c{number}"] = pa.array([row[3][number] for row in batch], pa.string())
        incoming = pa.table(columns)  # noqa: F841 (DuckDB reads it by its name)
        connection.execute("insert into source_rows select * from incoming")
        batch.clear()

    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise _too_many_rows()
        batch.append(row)
        if len(batch) == ROWS_A_BATCH:
            flush()
    if batch:
        flush()


class _Lines:
    """Lines of a file for the CSV reader; `taken` gives back those since the last call, as they were written."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._held: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._held.append(line)
        return line

    def taken(self) -> tuple[int, str]:
        held, self._held = self._held, []
        return len(held), "".join(held).rstrip("\r\n")


def _csv_rows(file: Path, columns: list[str], delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(LARGEST_RECORD_BYTES)
    with file.open(encoding="utf-8", newline="") as text:
        lines = _Lines(_bearable(text))
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            header = [name.strip() for name in next(reader)]
        except StopIteration:
            raise BadFile("it is empty, without even a header") from None
        except csv.Error:
            raise BadFile("its header cannot be read") from None
        missing = [name for name in columns if name not in header]
        if missing:
            raise BadFile(
                f"its header has no `{missing[0]}`, which the mapping names (columns are separated by {delimiter!r})"
            )
        repeated = [name for name in columns if header.count(name) > 1]
        if repeated:
            raise BadFile(f"its header has `{repeated[0]}` twice")
        places = [header.index(name) for name in columns]
        line = 1 + lines.taken()[0]
        nothing: Cells = [None] * len(columns)
        while True:
            problem, cells = None, nothing
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "end of data" in str(error):
                    raise BadFile(f"a quote that opens on line {line} is never closed") from None
                if "field limit" in str(error):
                    raise BadFile(
                        f"a cell that begins on line {line} is longer than {LARGEST_RECORD_BYTES >> 20} MiB: "
                        "is a quote not closed?"
                    ) from None
                problem, row = f"{SHAPE}: a quote is in the wrong place", []
            count, raw = lines.taken()
            if problem is None and row:
                if len(row) != len(header):
                    problem = f"{SHAPE}: {len(row)} cells under a header of {len(header)}"
                else:
                    cells = [row[place] for place in places]
            if row or problem:
                yield line, raw, problem, cells
            line += count


def _json_rows(file: Path, columns: list[str], mender: Mender) -> Iterator[Row]:
    paths = [name.split(".") for name in columns]
    nothing: Cells = [None] * len(columns)
    with file.open(encoding="utf-8", newline="\n") as text:
        for line, raw in enumerate(_bearable(text), 1):
            raw = mender.whole(raw.strip("\r\n"))
            if not raw.strip():
                continue
            problem, cells = None, nothing
            try:
                # Numbers stay as they are written.
                record = json.loads(raw, parse_float=str, parse_int=str, parse_constant=_no_number)
                if isinstance(record, dict):
                    cells = [_cell(record, path) for path in paths]
                else:
                    problem = f"{SHAPE}: it is no JSON object"
            except (ValueError, RecursionError):
                problem, cells = f"{SHAPE}: it is no JSON", nothing
            yield line, raw, problem, cells


def _bearable(text: TextIO) -> Iterator[str]:
    """The lines of a text, none of them longer than a record may be. Raises BadFile."""
    number = 0
    while line := text.readline(LARGEST_RECORD_BYTES + 1):
        number += 1
        if len(line) > LARGEST_RECORD_BYTES:
            raise BadFile(f"line {number} is longer than {LARGEST_RECORD_BYTES >> 20} MiB")
        yield line


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _cell(record: dict[str, Any], path: list[str]) -> str | None:
    value: Any = record
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _too_many_rows() -> BadFile:
    return BadFile(f"it has more than {MOST_ROWS:,} rows; drop it in several files")


def _levels(type_name: str) -> int:
    """How deep a type of DuckDB is nested, such as STRUCT(a INTEGER[])[]."""
    depth = deepest = 0
    for bracket in re.findall(r"[()]", type_name):
        depth += 1 if bracket == "(" else -1
        deepest = max(deepest, depth)
    return deepest + max((len(run) // 2 for run in re.findall(r"(?:\[\])+", type_name)), default=0)


def _load_parquet(connection: duckdb.DuckDBPyConnection, file: Path, columns: list[str]) -> None:
    place = literal(file)
    try:
        found = connection.execute(f"describe select * from read_parquet({place})").fetchall()
        missing = [name for name in columns if name not in {row[0] for row in found}]
        if missing:
            raise BadFile(f"it has no column `{missing[0]}`, which the mapping names")
        [(count,)] = connection.execute(f"select count(*) from read_parquet({place})").fetchall()
        if count > MOST_ROWS:
            raise _too_many_rows()
        deep = [row[0] for row in found if row[0] in columns and _levels(row[1]) > DEEPEST_COLUMN]
        if deep:
            raise BadFile(f"its column `{deep[0]}` is nested deeper than {DEEPEST_COLUMN} levels")
        names = [quoted(name) for name in columns]
        packed = ", ".join(f"{name} := {name}" for name in names)
        cells = "".join(f", cast({name} as varchar)" for name in names)
        connection.execute(
            f"""
            insert into source_rows
            select file_row_number + 1, cast(to_json(struct_pack({packed})) as varchar), null {cells}
            from read_parquet({place}, file_row_number = true)
            """
        )
    except duckdb.Error as error:
        raise BadFile(f"it is no Parquet file that can be read ({type(error).__name__})") from None
