"""Tables that stay from night to night, as this release has them: an earlier one made them with other columns."""

from collections.abc import Mapping

import duckdb

from connectors.storage import quoted


def with_columns(connection: duckdb.DuckDBPyConnection, relation: str, columns: Mapping[str, str]) -> None:
    """Create a table, or give the one there is these columns (name: SQL type), in this order.

    What it lacked is null. Rows that say something in a column that is no more are about something that is no more: they go.
    """
    declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
    connection.execute(f"create table if not exists {relation} ({declared})")
    connection.execute(f"create or replace temporary table wanted_columns ({declared})")
    held, wanted = _columns(connection, relation), _columns(connection, "wanted_columns")
    if held == wanted:
        return
    known, gone = {name for name, _ in held}, [name for name, _ in held if name not in columns]
    selected = ", ".join(
        f"cast({quoted(name) if name in known else 'null'} as {kind}) as {quoted(name)}"
        for name, kind in columns.items()
    )
    condition = " and ".join(f"{quoted(name)} is null" for name in gone) or "true"
    connection.execute(
        f"create or replace table {relation} as select {selected} from {relation} where {condition}"
    )


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in connection.execute(f"describe {relation}").fetchall()]
