"""Raw copied to the lake: Parquet files whose names tell what is in them, so that a landing that was killed goes on.

A table's rows are cut into parts: the whole table, or days of extraction of one that is large. A part lies in one file called
by a fingerprint of its rows. What raw holds and the lake does not is written, and what the lake holds and raw does not is
removed: rows that were forgotten, or taken back, are gone with the next landing. Nobody reads the lake meanwhile: the night
lands before it builds.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.instances import held_sources
from connectors.storage import literal, open_duckdb, quoted
from warehouse.targets import Lake

# Fewer rows than these are one file, written anew when one of them changes.
PART_ROWS = 1_000_000
_SPARK_TYPES = {
    "VARCHAR": "string", "JSON": "string", "TIMESTAMP WITH TIME ZONE": "timestamp", "BOOLEAN": "boolean",
    "BIGINT": "bigint", "INTEGER": "int", "DOUBLE": "double",
}  # fmt: skip
# What models count of the bookkeeping; the records that a quarantine keeps stay where they are.
_BOOKS = {"_pops_loads": None, "_pops_quarantine": ("stream", "reason", "load_id", "extracted_at")}


@dataclass(frozen=True)
class LandedTable:
    """A raw table in the lake. `columns`: their types of Spark by name; `is_changed`: files of it came or went."""

    schema: str
    name: str
    columns: Mapping[str, str]
    is_changed: bool

    @property
    def folder(self) -> tuple[str, str, str]:
        # A name that begins with an underscore is hidden from Spark.
        return ("raw", self.schema, self.name.lstrip("_"))


def land(home: Path, lake: Lake, part_rows: int = PART_ROWS) -> list[LandedTable]:
    """Bring the lake to what the raw files of a home hold. Raises OSError as the lake's file system does, FileLocked,
    FileDamaged."""
    return [_land_table(connection, lake, table, part_rows) for connection, table in raw_tables(home)]


def raw_tables(home: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, LandedTable]]:
    """What is to be landed of a home, each with the raw file that it is in, open until the next one. Raises FileLocked, FileDamaged."""
    for source in held_sources(home):
        file = home / "raw" / f"{source}.duckdb"
        if file.exists():
            with open_duckdb(file, read_only=True) as connection:
                yield from ((connection, table) for table in _tables(connection, source))


def _tables(connection: duckdb.DuckDBPyConnection, source: str) -> Iterator[LandedTable]:
    schema = f"raw_{source}"
    rows = connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = ? order by table_name, column_index",
        [schema],
    ).fetchall()
    for table in dict.fromkeys(name for name, _, _ in rows):
        if table.startswith("_") and table not in _BOOKS:
            continue
        wanted = _BOOKS.get(table)
        yield LandedTable(
            schema,
            table,
            {
                column: _SPARK_TYPES[kind]
                for name, column, kind in rows
                if name == table and not column.startswith("_dlt") and (wanted is None or column in wanted)
            },
            False,
        )


def _land_table(
    connection: duckdb.DuckDBPyConnection, lake: Lake, table: LandedTable, part_rows: int
) -> LandedTable:
    folder = lake.path(*table.folder)
    lake.fs.makedirs(folder, exist_ok=True)
    present = {str(path).rsplit("/", 1)[-1] for path in lake.fs.ls(folder, detail=False, refresh=True)}
    wanted = parts(connection, table, part_rows)
    for name in sorted(present - wanted.keys()):
        lake.fs.rm(f"{folder}/{name}", recursive=True)
    for name in sorted(wanted.keys() - present):
        _write(connection, lake, table, name, wanted[name])
    return LandedTable(table.schema, table.name, table.columns, present != wanted.keys())


def parts(connection: duckdb.DuckDBPyConnection, table: LandedTable, part_rows: int) -> dict[str, str]:
    """By the name of its file, the condition of a part's rows."""
    place = quoted(table.schema, table.name)
    ((count,),) = connection.execute(f"select count(*) from {place}").fetchall()
    day = "cast(extracted_at as date)" if count >= part_rows else "null"
    told = ", ".join(quoted(column) for column in table.columns if column != "record")
    # A record is rewritten in place only where somebody is forgotten, which is booked.
    book = quoted(table.schema, "_pops_forgotten")
    rows = connection.execute(
        f"select {day}, count(*), bit_xor(hash({told})), "
        f"(select coalesce(bit_xor(hash(forgotten)), 0) from {book} as forgotten where stream = ?) from {place} group by 1",
        [table.name],
    ).fetchall()
    shape = "-".join(f"{name}.{kind}" for name, kind in table.columns.items())
    return {
        f"{'all' if part is None else part}-{_fingerprint(connection, shape, rows_, held, forgotten)}.parquet": (
            "true" if part is None else f"cast(extracted_at as date) = date '{part}'"
        )
        for part, rows_, held, forgotten in rows
    }


def _fingerprint(connection: duckdb.DuckDBPyConnection, *parts: object) -> str:
    ((digest,),) = connection.execute("select md5(?)", ["|".join(map(str, parts))]).fetchall()
    return str(digest)


def write(
    connection: duckdb.DuckDBPyConnection, table: LandedTable, condition: str, file: Path, moment: str = "{}"
) -> None:
    """Write a part of a table as Parquet; `moment`: SQL of what becomes of a moment in the column `{}`."""
    written = {"string": "cast({} as varchar)", "timestamp": moment}
    columns = ", ".join(
        f"{written.get(kind, '{}').format(quoted(column))} as {quoted(column)}"
        for column, kind in table.columns.items()
    )
    connection.execute(
        f"copy (select {columns} from {quoted(table.schema, table.name)} where {condition}) "
        f"to {literal(file)} (format parquet, compression zstd)"
    )


def _write(
    connection: duckdb.DuckDBPyConnection, lake: Lake, table: LandedTable, name: str, condition: str
) -> None:
    folder = lake.path(*table.folder)
    with tempfile.TemporaryDirectory() as work:
        file = Path(work) / name
        write(connection, table, condition, file)
        # The name counts, so it is there only when the file is whole.
        lake.fs.put_file(str(file), f"{folder}/_{name}")
        lake.fs.mv(f"{folder}/_{name}", f"{folder}/{name}")
