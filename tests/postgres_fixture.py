"""A server for the tests of a worker, and small published files in the layout that readers get."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import duckdb
import pytest

from publication.postgres.address import (
    READER_VARIABLE,
    URL_VARIABLE,
    PostgresAddress,
    postgres_address,
)
from tests.postgres_server import Server, running_server

AS_OF = date(2026, 11, 16)
KEYS = {
    "mart.fct_ticket": ("ticket_id",),
    "mart.fct_usage_daily": ("person_id", "event_date"),
    "metrics.metric_values": ("metric", "period_start"),
}
TICKETS = "ticket_id varchar, status varchar, reply_seconds bigint, created_at timestamp, mark integer"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def target(postgres: Server, request: pytest.FixtureRequest) -> PostgresAddress:
    """A new database, and a reader's role of its own, since roles are the server's."""
    name = f"db_{os.urandom(4).hex()}"
    return address(postgres.database(name), f"reader_of_{name}")


def address(url: str, reader: str = "pops_reader") -> PostgresAddress:
    found = postgres_address({URL_VARIABLE: url, READER_VARIABLE: reader})
    assert found is not None
    return found


def published_file(
    path: Path, mark: int = 1, rows: int = 5, revision: int = 1, as_of: date = AS_OF, tickets: str = TICKETS
) -> Path:
    """A published file all of whose rows carry `mark`, as many tickets as `rows`; `tickets`: columns of fct_ticket."""
    unfinished = path.with_suffix(".next")
    with suppress(FileNotFoundError):
        unfinished.unlink()
    values = {
        "ticket_id": "'jira:issue:' || range",
        "status": "case when range % 3 = 0 then null else 'öpen ''\"\\' end",
        "reply_seconds": "range * 60",
        "created_at": "timestamp '2026-11-01 23:30:00' + interval (range) hour",
        "mark": str(mark),
    }
    columns = [column.strip().split(" ", 1) for column in tickets.split(",")]
    selected = ", ".join(f"({values.get(name, 'null')})::{kind} as {name}" for name, kind in columns)
    with duckdb.connect(str(unfinished)) as connection:
        connection.execute(
            f"""
            create schema mart; create schema metrics; create schema meta;
            create table mart.fct_ticket as select {selected} from range({rows});
            create table mart.fct_usage_daily as
                select 'p' || range as person_id, date '2026-11-01' as event_date, 1.5::decimal(18, 3) as weight,
                    range % 2 = 0 as is_new, {mark} as mark
                from range({rows});
            create table metrics.metric_values as
                select 'ticket_count' as metric, date '2026-11-09' + (7 * range)::integer as period_start,
                    range / 3 as value, {mark} as mark
                from range({rows});
            create view metrics.support as select * from metrics.metric_values where metric like 'ticket%';
            create table meta.publication (as_of date, revision integer, row_counts varchar, mark integer);
            comment on table mart.fct_ticket is 'Grain: one row a ticket. Its "state" is that of as_of; 100 % of it''s here.';
            comment on view metrics.support is 'Support, tidy.';
            """
        )
        for name, _ in columns:
            connection.execute(f"comment on column mart.fct_ticket.{name} is 'What {name} \\ means.'")
        counts = json.dumps({"mart.fct_ticket": rows, "mart.fct_usage_daily": rows})
        describe_columns(connection, KEYS)
        connection.execute(
            "insert into meta.publication values (?, ?, ?, ?)", [as_of, revision, counts, mark]
        )
    os.replace(unfinished, path)
    return path


def describe_columns(
    connection: duckdb.DuckDBPyConnection,
    keys: Mapping[str, Sequence[str]],
    references: Mapping[str, str] | None = None,
) -> None:
    """Write `meta.columns`: `keys` by `schema.table`, `references` by `schema.table.column`; only keys are never empty."""
    connection.execute(
        "create or replace table meta.columns (table_schema varchar, table_name varchar, column_name varchar, "
        "ordinal_position integer, is_nullable boolean, is_key boolean, references_column varchar)"
    )
    for schema, table, column, place in connection.execute(
        "select table_schema, table_name, column_name, ordinal_position from information_schema.columns order by all"
    ).fetchall():
        name = f"{schema}.{table}"
        is_key = column in keys.get(name, ())
        referred = (references or {}).get(f"{name}.{column}")
        connection.execute(
            "insert into meta.columns values (?, ?, ?, ?, ?, ?, ?)",
            [schema, table, column, place, not is_key, is_key, referred],
        )
