"""Everything above raw, anew: what was built is taken away, so that the next night builds all of it."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace

import duckdb

from connectors.forgotten import PSEUDONYM_KEY, Book
from connectors.rewriting import rewrite
from connectors.storage import log_of
from orchestration.dbt_calls import forget_build
from orchestration.night_run import at_rest
from settings.home import Home
from settings.identity import Identity, kept_identity, remember, remember_in_warehouse

KEY_BEFORE = f"{PSEUDONYM_KEY}_BEFORE"
# Numbers are aggregates: what was counted, and when it was revised.
_NUMBERS = ("metrics", "metrics_state")
# Kept from one request to the next, for no night reads it; facts say whose they are.
IDENTITY = "identity"
IDENTITY_TABLES = (
    "int_identity__accounts",
    "int_identity__person_emails",
    "int_identity__person_keys",
    "int_identity__user_emails",
    "int_crm__account_domains",
    "int_crm__contact_emails",
    "int_support__source_requesters",
    "dim_person",
)
_UNFINISHED = "identity_next"


def forget_what_was_built(home: Home) -> None:
    """Remove the warehouse, and take the home for whose the environment and the registry say it is.

    Raises ValueError while a night runs on it, or when who is forgotten would come back under another key.
    """
    with at_rest(home):
        # Another key opens no book: it is given by `rotate_key`.
        Book.of(home.root)
        # First: a home that is killed here is asked the same again.
        for file in (home.warehouse, log_of(home.warehouse)):
            file.unlink(missing_ok=True)
        forget_build(home)
        remember(home, Identity.present())


def rotate_key(home: Home, env: Mapping[str, str] = os.environ) -> None:
    """Give a home the key of the environment in place of the one before; the next night hashes everybody anew, from raw.

    Numbers and their revisions stay. Raises ValueError when the key before is not the home's, or while a night runs.
    """
    kept, present = kept_identity(home), Identity.present(env)
    before = {**env, PSEUDONYM_KEY: env.get(KEY_BEFORE, "")}
    if kept is None:
        raise ValueError(f"{home.root} has no key yet: the first night gives it that of {PSEUDONYM_KEY}.")
    if not before[PSEUDONYM_KEY]:
        raise ValueError(
            f"{KEY_BEFORE} is not set: set it to the key that {home.root} has, and {PSEUDONYM_KEY} to the new one."
        )
    if kept.key_check != Identity.present(before).key_check:
        raise ValueError(
            f"{KEY_BEFORE} is not the key of {home.root}: set it to the key before, and {PSEUDONYM_KEY} to the new one."
        )
    if kept.key_check == present.key_check:
        raise ValueError(f"{PSEUDONYM_KEY} and {KEY_BEFORE} are the same key.")
    with at_rest(home):
        if (book := _book(home, before, env)) is not None:
            book.write(home.root, env)
        give_key(home, replace(kept, key_check=present.key_check))


def give_key(home: Home, rotated: Identity) -> None:
    """Make a home that nobody else uses one of another key; its book of who is forgotten has it already."""
    if home.warehouse.exists():
        forget_built_tables(home)
        remember_in_warehouse(home, rotated)
    remember(home, rotated)


def _book(home: Home, before: Mapping[str, str], env: Mapping[str, str]) -> Book | None:
    """Who is forgotten; a rotation that was killed left the book with the new key."""
    try:
        return Book.of(home.root, before)
    except ValueError:
        return Book.of(home.root, env)


def forget_built_tables(home: Home, identity_without: str | None = None) -> None:
    """Leave nothing in the warehouse but the numbers, and none of the bytes.

    `identity_without`: keep also who is who, beside the rows in which this matches (RE2): the next request is understood by it.
    """
    rewrite(home.warehouse, lambda connection: _leave_numbers(connection, identity_without))
    # What grows on another engine is made anew there, too.
    forget_build(home)


def _leave_numbers(connection: duckdb.DuckDBPyConnection, identity_without: str | None) -> None:
    kept = dict(identity_tables(connection)) if identity_without is not None else {}
    connection.execute(f"create schema if not exists {_UNFINISHED}")
    for table, name in kept.items():
        texts = connection.execute(
            "select list(column_name) from duckdb_columns() where schema_name || '.' || table_name = ? and data_type = 'VARCHAR'",
            [name],
        ).fetchall()[0][0]
        matches = (
            f"regexp_matches(concat_ws(chr(31), {', '.join(texts)}), ?, 'i')" if identity_without else "?"
        )
        connection.execute(
            f"create table {_UNFINISHED}.{table} as select * from {name} where not {matches}",
            [identity_without or False],
        )
    for (schema,) in connection.execute(
        "select distinct schema_name from duckdb_tables() where not internal "
        "union select distinct schema_name from duckdb_views() where not internal"
    ).fetchall():
        if schema not in (*_NUMBERS, _UNFINISHED):
            connection.execute(f'drop schema "{schema}" cascade')
    connection.execute(f"create schema if not exists {IDENTITY}")
    for table in kept:
        connection.execute(f"create table {IDENTITY}.{table} as select * from {_UNFINISHED}.{table}")
    connection.execute(f"drop schema {_UNFINISHED} cascade")


def identity_tables(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """(table, where it stands) of what says who is who and whose facts are whose: as built, or as kept since."""
    rows = connection.execute(
        "select table_name, min_by(schema_name || '.' || table_name, schema_name = $kept) from duckdb_tables() "
        "where (schema_name = $kept or (schema_name in ('intermediate', 'marts') "
        "and (list_contains($names, table_name) or starts_with(table_name, 'fct_')))) group by 1 order by 1",
        {"kept": IDENTITY, "names": list(IDENTITY_TABLES)},
    ).fetchall()
    yield from rows
