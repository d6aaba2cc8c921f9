"""What raw holds of the things that a registry names, in one shape for all vendors; read-only, and before any night."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from connectors import connector_class, vendor_of
from connectors.contract import Stream
from connectors.instances import sources_of
from connectors.raw_store import LATEST
from connectors.storage import FileLocked, attach, literal, open_duckdb, quoted
from pops.onboarding.shapes import QUALIFIED, SHAPES, TABLES

_MACROS = """
create temp macro object_of(given) as
    case json_type(given) when 'OBJECT' then given when 'VARCHAR' then try_cast(given->>'$' as json) end;
create temp macro epoch_milliseconds(given) as
    try(try_cast(given as bigint) * case when try_cast(given as bigint) < 100000000000 then 1000 else 1 end);
"""


class Held:
    """Tables of `TABLES`, each with its `source`, of the records that raw has now. `sources`: those that were ever read."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sources: tuple[str, ...]) -> None:
        self.connection = connection
        self.sources = sources

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.connection.execute(sql, list(parameters)).fetchall()
        return found

    def counts(self, sql: str) -> dict[str, int]:
        """Of a select of names and numbers: by name, in the select's order."""
        return {str(name): int(number) for name, number in self.rows(sql) if name not in (None, "")}


@contextmanager
def open_held(home: Path, env: Mapping[str, str] = os.environ) -> Iterator[Held]:
    """What the raw files of a home hold. Raises ValueError while one of them is being written."""
    with open_duckdb() as connection:
        connection.execute(_MACROS)
        sources = [
            source
            for source in sources_of(env)
            if vendor_of(source) in SHAPES and _attached(connection, home, source)
        ]
        for table, columns in TABLES.items():
            typed = [each if " " in each else f"{each} varchar" for each in columns.split(", ")]
            none = ", ".join(f"null::{each.split(' ')[1]}" for each in typed)
            selects = [each for source in sources for each in _selects(connection, source, table)]
            whole = " union all ".join([f"select null::varchar, {none} where false", *selects])
            # Events may be many: they are looked through where they lie.
            kind = "view" if table == "events" else "table"
            names = ", ".join(["source", *(each.split(" ")[0] for each in typed)])
            connection.execute(f"create temp {kind} {table} as select * from ({whole}) as rows ({names})")
        yield Held(connection, tuple(sources))


def _attached(connection: duckdb.DuckDBPyConnection, home: Path, source: str) -> bool:
    """Open what a source holds, as a view for each stream; returns whether it holds anything."""
    file = home / "raw" / f"{source}.duckdb"
    if not file.exists():
        return False
    try:
        attach(connection, file, source)
    except FileLocked:
        raise ValueError(
            f"{source} is being read into raw: wait until that has ended, and ask again."
        ) from None
    holds = False
    for stream in connector_class(source).streams:
        table = quoted(source, f"raw_{source}", stream.name)
        if (stream.name,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = ?", [source]
        ).fetchall():
            connection.execute(f"create temp view {source}_{stream.name} as {_latest(table, stream)}")
            holds = holds or connection.execute(f"select 1 from {table} limit 1").fetchone() is not None
    return holds


def _selects(connection: duckdb.DuckDBPyConnection, source: str, table: str) -> Iterator[str]:
    """The select of a source's rows of a table, unless the source has none, or this home has never known its stream."""
    views = connection.execute(
        "select view_name from duckdb_views() where starts_with(view_name, ?)", [f"{source}_"]
    )
    streams = {name.removeprefix(f"{source}_"): name for (name,) in views.fetchall()}
    vendor = str(vendor_of(source))
    if table not in SHAPES[vendor]:
        return
    names = [each.split(" ")[0] for each in TABLES[table].split(", ")]
    told = ", ".join(
        f"{literal(f'{source}:')} || {name}" if source != vendor and name in QUALIFIED else name
        for name in names
    )
    try:
        shape = SHAPES[vendor][table].format_map(streams)
    except KeyError:
        return
    yield f"select {literal(source)}, {told} from ({shape}) as rows ({', '.join(names)})"


def _latest(table: str, stream: Stream) -> str:
    """The last version of each record that is not deleted. Of events there is one version."""
    if stream.is_event:
        return f"select record_id, try_cast(record as json) as r from {table} where not is_deleted"
    return f"""
        select record_id, try_cast(record as json) as r
        from (select *, row_number() over (partition by record_id order by {LATEST}) as place from {table})
        where place = 1 and not is_deleted
    """
