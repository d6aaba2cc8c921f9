"""The rows of the served tables: brought to PostgreSQL beside them, then only what differs is written into them."""

from publication.postgres.published import PublishedFile, PublishedTable
from publication.postgres.session import PostgresError, PostgresSession, quoted
from publication.postgres.shapes import Shape

# Made and dropped in the transaction of a publication: nobody else ever sees it.
_SCHEMA = "product_ops_loading"


def load(session: PostgresSession, published: PublishedFile) -> None:
    """Bring the rows of every table, in this transaction and unseen by others.

    Raises PostgresError when a statement is refused, or PostgreSQL counts other rows than the file holds.
    """
    session.run(f"create schema {_SCHEMA}", "a schema to load into")
    for table in published.tables:
        name = _loaded(table)
        columns = ", ".join(f"{quoted(column.name)} {column.sent}" for column in table.columns)
        session.run(f"create unlogged table {name} ({columns})", f"the table {table.full_name}")
        session.ingest(_SCHEMA, _stored_name(table), published.batches(table))
        changed = ", ".join(
            f"alter column {quoted(column.name)} type {column.type} using {quoted(column.name)}::{column.type}"
            for column in table.columns
            if column.sent != column.type
        )
        if changed:
            session.run(f"alter table {name} {changed}", f"the types of {table.full_name}")
        counted = session.rows(f"select count(*) from {name}")[0][0]
        if counted != table.rows:
            raise PostgresError(
                f"PostgreSQL at {session.address.place} has {counted} rows of {table.full_name} where the published file has "
                f"{table.rows}: readers keep what they have. Publish again (asset published/product_ops/postgres)."
            )


def unload(session: PostgresSession) -> None:
    session.run(f"drop schema {_SCHEMA} cascade", "the end of the schema to load into")


def replace_rows(session: PostgresSession, table: PublishedTable, shape: Shape) -> int:
    """Make the table's rows those that were loaded; returns how many were written. Readers see none of it before the commit.

    Rows are told apart by their primary key, or as a whole in a table without one: those that stay as they are cost nothing.
    """
    statement = (
        _difference(table) if table.key and shape.key == table.key else _difference_of_whole_rows(table)
    )
    written: int = session.rows(statement, f"the rows of {table.full_name}")[0][0]
    return written


def _difference(table: PublishedTable) -> str:
    same = " and ".join(f"served.{quoted(column)} = loaded.{quoted(column)}" for column in table.key)
    others = [quoted(column.name) for column in table.columns if column.name not in table.key]
    changed = "changed as (select 1 where false)"
    if others:
        assigned = ", ".join(f"{column} = loaded.{column}" for column in others)
        here, there = (", ".join(f"{side}.{column}" for column in others) for side in ("served", "loaded"))
        changed = (
            f"changed as (update {table.quoted} as served set {assigned} from {_loaded(table)} as loaded "
            f"where {same} and row({here}) is distinct from row({there}) returning 1)"
        )
    return f"""
        with gone as (
            delete from {table.quoted} as served
            where not exists (select 1 from {_loaded(table)} as loaded where {same}) returning 1
        ),
        {changed},
        new as (
            insert into {table.quoted} ({_columns(table)}) select {_columns(table)} from {_loaded(table)} as loaded
            where not exists (select 1 from {table.quoted} as served where {same}) returning 1
        )
        select (select count(*) from gone) + (select count(*) from changed) + (select count(*) from new)
    """


def _difference_of_whole_rows(table: PublishedTable) -> str:
    """Rows that are alike are numbered: of three here and two there, one is too many."""
    columns, loaded = _columns(table), _loaded(table)
    told = f"md5(row({columns})::text)"
    numbered = f"{told} as told, row_number() over (partition by {told}) as number"
    same = "served.told = loaded.told and served.number = loaded.number"
    return f"""
        with served as materialized (select ctid as place, {numbered} from {table.quoted}),
        loaded as materialized (select {columns}, {numbered} from {loaded}),
        gone as (
            delete from {table.quoted} as rows using served
            where rows.ctid = served.place and not exists (select 1 from loaded where {same}) returning 1
        ),
        new as (
            insert into {table.quoted} ({columns}) select {columns} from loaded
            where not exists (select 1 from served where {same}) returning 1
        )
        select (select count(*) from gone) + (select count(*) from new)
    """


def _columns(table: PublishedTable) -> str:
    return ", ".join(quoted(column.name) for column in table.columns)


def _stored_name(table: PublishedTable) -> str:
    """Tables of all schemas lie side by side there."""
    return f"{table.schema}_{table.name}"


def _loaded(table: PublishedTable) -> str:
    return quoted(_SCHEMA, _stored_name(table))
