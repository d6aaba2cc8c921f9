"""The published file as PostgreSQL will have it: its tables, their keys and what each column may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.storage import attach, open_duckdb
from publication.postgres.session import PostgresError, quoted
from publication.postgres.types import PostgresColumn, postgres_column

SCHEMAS = ("mart", "metrics", "meta")
_BATCH_ROWS = 50_000
_LONGEST_NAME = 63


@dataclass(frozen=True)
class PublishedTable:
    """A table or view of the published file. `key`: columns that name a row, none of them ever empty; or none.

    `required`: columns that every row has. `references`: by column, the key that it names, as (schema, table, column).
    """

    schema: str
    name: str
    columns: tuple[PostgresColumn, ...]
    comment: str
    column_comments: Mapping[str, str]
    key: tuple[str, ...]
    required: frozenset[str]
    references: Mapping[str, tuple[str, str, str]]
    rows: int

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def quoted(self) -> str:
        return quoted(self.schema, self.name)


@dataclass(frozen=True)
class _Told:
    """What `meta.columns` says of the columns of a table."""

    key: tuple[str, ...]
    required: frozenset[str]
    references: Mapping[str, tuple[str, str, str]]


_NOTHING = _Told((), frozenset(), {})


class PublishedFile:
    """The published DuckDB file, open for reading: its rows stay the same however often it is replaced meanwhile."""

    def __init__(self, path: Path) -> None:
        """Raises FileNotFoundError when nothing is published, PostgresError for what PostgreSQL could not hold."""
        if not path.exists():
            raise FileNotFoundError(
                f"{path} does not exist: publish the mart first (asset published/product_ops/mart)."
            )
        # An instance of its own: no other connection of this process decides which state of the file it sees.
        self._connection = open_duckdb()
        attach(self._connection, path, "published")
        self._connection.execute("use published")
        self.as_of, self.revision = self._connection.execute(
            "select as_of, revision from meta.publication"
        ).fetchall()[0]
        self.tables = tuple(self._tables())

    def close(self) -> None:
        self._connection.close()

    def batches(self, table: PublishedTable) -> duckdb.DuckDBPyConnection:
        """The rows as an Arrow reader that holds one batch in memory."""
        columns = ", ".join(f"{column.expression} as {quoted(column.name)}" for column in table.columns)
        return self._connection.execute(f"select {columns} from {table.quoted}").to_arrow_reader(_BATCH_ROWS)

    def _tables(self) -> list[PublishedTable]:
        comments = dict(
            self._connection.execute(
                "select schema_name || '.' || table_name, comment from duckdb_tables() where database_name = 'published' "
                "union all select schema_name || '.' || view_name, comment from duckdb_views() where database_name = 'published'"
            ).fetchall()
        )
        columns: dict[tuple[str, str], list[tuple[str, str, str | None]]] = {}
        for schema, table, *column in self._connection.execute(
            "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() "
            f"where database_name = 'published' and schema_name in {SCHEMAS} order by 1, 2, column_index"
        ).fetchall():
            columns.setdefault((schema, table), []).append(tuple(column))
        told = self._told()
        found = []
        for (schema, table), described in columns.items():
            _refuse_long_names(schema, table, [name for name, _, _ in described])
            of_table = told.get((schema, table), _NOTHING)
            counted = self._connection.execute(f"select count(*) from {quoted(schema, table)}").fetchall()
            found.append(
                PublishedTable(
                    schema,
                    table,
                    tuple(postgres_column(name, kind) for name, kind, _ in described),
                    comments.get(f"{schema}.{table}") or "",
                    {name: comment for name, _, comment in described if comment},
                    of_table.key,
                    of_table.required,
                    of_table.references,
                    counted[0][0],
                )
            )
        return found

    def _told(self) -> dict[tuple[str, str], _Told]:
        """A key that may be empty in a row is no primary key, and only a primary key can be referenced."""
        columns: dict[tuple[str, str], list[tuple[str, bool, bool, str | None]]] = {}
        for schema, table, *column in self._connection.execute(
            "select table_schema, table_name, column_name, is_nullable, is_key, references_column "
            "from meta.columns order by 1, 2, ordinal_position"
        ).fetchall():
            columns.setdefault((schema, table), []).append(tuple(column))
        keys = {
            table: tuple(name for name, _, is_key, _ in of_table if is_key)
            for table, of_table in columns.items()
            if not any(is_nullable for _, is_nullable, is_key, _ in of_table if is_key)
        }
        told = {}
        for table, of_table in columns.items():
            references = {}
            for name, _, _, referred in of_table:
                if referred is not None:
                    schema, other, column = referred.split(".")
                    if keys.get((schema, other)) == (column,):
                        references[name] = (schema, other, column)
            required = frozenset(name for name, is_nullable, _, _ in of_table if not is_nullable)
            told[table] = _Told(keys.get(table, ()), required, references)
        return told


def _refuse_long_names(schema: str, table: str, columns: Sequence[str]) -> None:
    for name in (f"{schema}_{table}", *columns):
        if len(name.encode()) > _LONGEST_NAME:
            raise PostgresError(
                f"{name} of {schema}.{table} is longer than the {_LONGEST_NAME} bytes that a name may have in PostgreSQL: "
                "give it a shorter one in the dbt model."
            )
