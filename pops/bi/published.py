"""What the published file says of its tables: columns, keys, references, meanings."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from connectors.storage import open_duckdb

# What people read: facts, dimensions, counting views, and the numbers by subject.
SCHEMAS = ("mart", "metrics")


@dataclass(frozen=True)
class Column:
    """`kind`: DuckDB's type in small letters. `references`: `schema.table.column` that it names a row of."""

    name: str
    kind: str
    meaning: str
    references: str | None

    @property
    def is_time(self) -> bool:
        return self.kind == "date" or self.kind.startswith("timestamp")

    @property
    def is_number(self) -> bool:
        return self.kind in ("bigint", "integer", "double", "hugeint", "smallint") or self.kind.startswith(
            "decimal"
        )


@dataclass(frozen=True)
class Table:
    """A table or view; `key`: the columns that name a row, empty where none do."""

    schema: str
    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]


def published_tables(published: Path) -> tuple[Table, ...]:
    """The tables of `SCHEMAS`, by name. Raises ValueError without a published file."""
    if not published.exists():
        raise ValueError(f"Nothing is published yet at {published}: run `pops nightly` or `make demo` first.")
    with open_duckdb(published, read_only=True) as mart:
        meanings: dict[tuple[str, str], str] = {
            (schema, name): comment or ""
            for schema, name, comment in mart.execute(
                "select schema_name, table_name, comment from duckdb_tables() where database_name = current_database() "
                "union all select schema_name, view_name, comment from duckdb_views() where database_name = current_database()"
            ).fetchall()
        }
        rows = mart.execute(
            "select table_schema, table_name, column_name, data_type, meaning, is_key, references_column from meta.columns "
            "where list_contains(?, table_schema) order by table_schema, table_name, ordinal_position",
            [list(SCHEMAS)],
        ).fetchall()
    return tuple(
        _table(schema, name, meanings.get((schema, name), ""), list(of_table))
        for (schema, name), of_table in groupby(rows, key=lambda row: (str(row[0]), str(row[1])))
    )


def _table(schema: str, name: str, meaning: str, rows: Sequence[tuple[object, ...]]) -> Table:
    columns = tuple(
        Column(str(row[2]), str(row[3]), str(row[4] or ""), str(row[6]) if row[6] else None) for row in rows
    )
    return Table(schema, name, meaning, columns, tuple(str(row[2]) for row in rows if row[5]))
