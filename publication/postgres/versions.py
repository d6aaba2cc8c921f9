"""A version of the mart in PostgreSQL: a schema with one publication's tables, loaded whole or not at all."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from connectors.storage import attach, open_duckdb
from publication.postgres.session import PostgresError, PostgresSession, literal, quoted
from publication.postgres.types import PostgresColumn, postgres_column

STABLE_SCHEMAS = ("mart", "metrics", "meta")
# product_ops_<as_of>_r<revision>_<number of the publication in this database>
VERSION_NAME = r"^product_ops_\d{8}_r\d+_\d+$"
_BATCH_ROWS = 50_000
_LONGEST_NAME = 63


@dataclass(frozen=True)
class PublishedTable:
    """A table or view of the published file, as PostgreSQL will have it. `key`: columns that name a row, or none."""

    schema: str
    name: str
    columns: tuple[PostgresColumn, ...]
    comment: str
    column_comments: Mapping[str, str]
    key: tuple[str, ...]
    rows: int

    @property
    def stored_name(self) -> str:
        """Its name in a version, where tables of all stable schemas lie side by side."""
        return f"{self.schema}_{self.name}"

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Version:
    """A complete version. `fingerprint` tells its content and form; `number` counts publications."""

    name: str
    number: int
    as_of: date
    revision: int
    fingerprint: str


class PublishedFile:
    """The published DuckDB file, open for reading: its rows stay the same however often it is replaced meanwhile."""

    def __init__(self, path: Path, keys: Mapping[str, Sequence[str]]) -> None:
        """`keys`: key columns by `schema.table`. Raises FileNotFoundError when nothing is published."""
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
        self.tables = tuple(self._tables(keys))
        self.fingerprint = self._fingerprint()

    def close(self) -> None:
        self._connection.close()

    def batches(self, table: PublishedTable) -> duckdb.DuckDBPyConnection:
        """The rows as an Arrow reader that holds one batch in memory."""
        columns = ", ".join(f"{column.expression} as {quoted(column.name)}" for column in table.columns)
        return self._connection.execute(
            f"select {columns} from {quoted(table.schema, table.name)}"
        ).to_arrow_reader(_BATCH_ROWS)

    def _tables(self, keys: Mapping[str, Sequence[str]]) -> list[PublishedTable]:
        comments = dict(
            self._connection.execute(
                "select schema_name || '.' || table_name, comment from duckdb_tables() where database_name = 'published' "
                "union all select schema_name || '.' || view_name, comment from duckdb_views() where database_name = 'published'"
            ).fetchall()
        )
        columns: dict[tuple[str, str], list[tuple[str, str, str | None]]] = {}
        for schema, table, *column in self._connection.execute(
            "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() "
            "where database_name = 'published' and schema_name in ('mart', 'metrics', 'meta') order by 1, 2, column_index"
        ).fetchall():
            columns.setdefault((schema, table), []).append(tuple(column))
        found = []
        for (schema, table), described in columns.items():
            _refuse_long_names(schema, table, [name for name, _, _ in described])
            key = tuple(keys.get(f"{schema}.{table}", ()))
            counted = self._connection.execute(f"select count(*) from {quoted(schema, table)}").fetchall()[0][
                0
            ]
            found.append(
                PublishedTable(
                    schema,
                    table,
                    tuple(postgres_column(name, kind) for name, kind, _ in described),
                    comments.get(f"{schema}.{table}") or "",
                    {name: comment for name, _, comment in described if comment},
                    key if self._can_be_key(schema, table, key, [name for name, _, _ in described]) else (),
                    counted,
                )
            )
        return found

    def _can_be_key(self, schema: str, table: str, key: Sequence[str], columns: Sequence[str]) -> bool:
        """A primary key has no nulls; a key some of whose columns may be empty is left to dbt's test."""
        if not key or not set(key) <= set(columns):
            return False
        empty = " or ".join(f"{quoted(column)} is null" for column in key)
        found = self._connection.execute(
            f"select exists(select 1 from {quoted(schema, table)} where {empty})"
        ).fetchall()
        return not found[0][0]

    def _fingerprint(self) -> str:
        """One hash over all rows, types, comments and keys: two files with the same one need not be told apart."""
        parts = []
        for table in self.tables:
            content = self._connection.execute(
                f"select coalesce(sum(cast(hash(rows) as hugeint)), 0) from {quoted(table.schema, table.name)} as rows"
            ).fetchall()[0][0]
            parts.append(f"{table!r}:{content}")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def complete_versions(session: PostgresSession) -> tuple[list[Version], list[str]]:
    """The complete versions, oldest first, and the names of those that a killed publication left."""
    complete, leftovers = [], []
    for name, comment in session.rows(
        f"select nspname::text, obj_description(oid, 'pg_namespace') from pg_namespace where nspname ~ '{VERSION_NAME}'"
    ):
        try:
            told = json.loads(comment or "")
        except ValueError:
            leftovers.append(name)
            continue
        complete.append(
            Version(
                name,
                _number(name),
                date.fromisoformat(told["as_of"]),
                told["revision"],
                told["fingerprint"],
            )
        )
    return sorted(complete, key=lambda version: version.number), leftovers


def next_version(published: PublishedFile, session: PostgresSession) -> Version:
    """What the publication of this file will be called; its number is greater than that of any schema there."""
    complete, leftovers = complete_versions(session)
    number = 1 + max(
        [version.number for version in complete] + [_number(name) for name in leftovers], default=0
    )
    name = f"product_ops_{published.as_of:%Y%m%d}_r{published.revision}_{number}"
    return Version(name, number, published.as_of, published.revision, published.fingerprint)


def completed(version: Version) -> str:
    """The statement that makes a loaded version a complete one: to be run with the repointing of the views."""
    told = {
        "as_of": version.as_of.isoformat(),
        "revision": version.revision,
        "fingerprint": version.fingerprint,
    }
    return f"comment on schema {quoted(version.name)} is {literal(json.dumps(told))}"


def load(session: PostgresSession, published: PublishedFile, version: Version) -> None:
    """Create the version and fill it in one transaction: a kill leaves nothing.

    Raises PostgresError when a statement is refused, or PostgreSQL counts other rows than the file holds.
    """
    session.run(f"create schema {quoted(version.name)}", f"the schema {version.name}")
    for table in published.tables:
        name = quoted(version.name, table.stored_name)
        columns = ", ".join(f"{quoted(column.name)} {column.sent}" for column in table.columns)
        session.run(f"create table {name} ({columns})", f"the table {table.full_name}")
        session.ingest(version.name, table.stored_name, published.batches(table))
        session.run_all(_finishing(name, table), f"types, key and comments of {table.full_name}")
        session.run(f"analyze {name}", f"the statistics of {table.full_name}")
        counted = session.rows(f"select count(*) from {name}")[0][0]
        if counted != table.rows:
            raise PostgresError(
                f"PostgreSQL at {session.address.place} has {counted} rows of {table.full_name} where the published "
                f"file has {table.rows}: the views stay as they were. Publish again (asset published/product_ops/postgres)."
            )
    session.commit()


def _finishing(name: str, table: PublishedTable) -> list[str]:
    changed = ", ".join(
        f"alter column {quoted(column.name)} type {column.type} using {quoted(column.name)}::{column.type}"
        for column in table.columns
        if column.sent != column.type
    )
    statements = [f"alter table {name} {changed}"] if changed else []
    if table.key:
        statements.append(f"alter table {name} add primary key ({', '.join(map(quoted, table.key))})")
    return statements + comments_of(table, "table", name)


def comments_of(table: PublishedTable, kind: str, name: str) -> list[str]:
    """Statements that carry the file's comments over to `name`; a view's also tells the key, which views cannot have."""
    comment = table.comment
    if kind == "view" and table.key:
        comment = f"{comment} Primary key: {', '.join(table.key)}.".strip()
    return [f"comment on {kind} {name} is {literal(comment)}"] + [
        f"comment on column {name}.{quoted(column.name)} is {literal(table.column_comments.get(column.name, ''))}"
        for column in table.columns
    ]


def _refuse_long_names(schema: str, table: str, columns: Sequence[str]) -> None:
    for name in (f"{schema}_{table}", *columns):
        if len(name.encode()) > _LONGEST_NAME:
            raise PostgresError(
                f"{name} of {schema}.{table} is longer than the {_LONGEST_NAME} bytes that a name may have in PostgreSQL: "
                "give it a shorter one in the dbt model."
            )


def _number(name: str) -> int:
    return int(re.split("_", name)[-1])
