"""Every value of the published file arrives in PostgreSQL as it was: any type that DuckDB has, any content."""

import datetime as dt
import itertools
import json
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from publication.postgres.session import PostgresSession
from publication.postgres.types import postgres_column
from tests.postgres_fixture import address, postgres
from tests.postgres_server import Server

__all__ = ["postgres"]

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_NAIVE = st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31))


def _integers(bits: int, signed: bool) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else st.integers(0, 2**bits - 1)


def _decimals(digits: int, scale: int) -> st.SearchStrategy[Decimal]:
    whole = st.integers(-(10**digits) + 1, 10**digits - 1)
    return whole.map(lambda number: Decimal((number < 0, tuple(map(int, str(abs(number)))), -scale)))


# DuckDB type: PostgreSQL's type, and values.
TYPES: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "BOOLEAN": ("bool", st.booleans()),
    "TINYINT": ("int2", _integers(8, True)),
    "UTINYINT": ("int2", _integers(8, False)),
    "SMALLINT": ("int2", _integers(16, True)),
    "USMALLINT": ("int4", _integers(16, False)),
    "INTEGER": ("int4", _integers(32, True)),
    "UINTEGER": ("int8", _integers(32, False)),
    "BIGINT": ("int8", _integers(64, True)),
    "UBIGINT": ("numeric", _integers(64, False)),
    "HUGEINT": ("numeric", _integers(128, True)),
    "UHUGEINT": ("numeric", _integers(128, False)),
    "DECIMAL(4,2)": ("numeric", _decimals(4, 2)),
    "DECIMAL(18,0)": ("numeric", _decimals(18, 0)),
    "DECIMAL(38,10)": ("numeric", _decimals(38, 10)),
    "FLOAT": ("float4", st.floats(width=32)),
    "DOUBLE": ("float8", st.floats()),
    "DATE": ("date", st.dates()),
    "TIME": ("time", st.times()),
    "TIMESTAMP": ("timestamp", _NAIVE),
    "TIMESTAMP WITH TIME ZONE": ("timestamptz", _NAIVE.map(lambda moment: moment.replace(tzinfo=dt.UTC))),
    "VARCHAR": ("text", _TEXT),
    "BLOB": ("bytea", st.binary(max_size=12)),
    "UUID": ("uuid", st.uuids()),
    "ENUM('open', 'it''s')": ("text", st.sampled_from(["open", "it's"])),
    "VARCHAR[]": ("jsonb", st.lists(st.none() | _TEXT, max_size=3)),
    "BIGINT[]": ("jsonb", st.lists(_integers(64, True), max_size=3)),
    "STRUCT(a BIGINT, b VARCHAR)": ("jsonb", st.fixed_dictionaries({"a": st.integers(0, 9), "b": _TEXT})),
}
_ROW = st.tuples(*(st.none() | values for _, values in TYPES.values()))
_tables = itertools.count()


def expected(value: Any) -> Any:
    """What a reader of PostgreSQL gets for a value: the same, save that text has U+FFFD for NUL (and one word for NaN)."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, list):
        return [expected(item) for item in value]
    if isinstance(value, dict):
        return {name: expected(value[name]) for name in sorted(value)}
    if isinstance(value, dt.datetime | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return int(value)
    return "nan" if isinstance(value, float) and math.isnan(value) else value


@pytest.fixture(scope="module")
def session(postgres: Server) -> Iterator[PostgresSession]:
    with PostgresSession(address(postgres.database("types"))) as session:
        session.run("create schema loaded")
        yield session


@pytest.fixture(scope="module")
def reader(session: PostgresSession) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(session.address.url, autocommit=True) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


@settings(
    max_examples=15,
    # Shrinking a row of all types takes minutes; the values that differ are few enough to read.
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(_ROW, max_size=5))
def test_every_value_arrives(
    session: PostgresSession, reader: psycopg.Connection[Any], rows: list[tuple[Any, ...]]
) -> None:
    table = f"t{next(_tables)}"
    with duckdb.connect() as file:
        file.execute("set TimeZone = 'UTC'")
        file.execute(f"create table t ({', '.join(f'c{i} {kind}' for i, kind in enumerate(TYPES))})")
        if rows:
            file.executemany(f"insert into t values ({', '.join('?' * len(TYPES))})", rows)
        columns = [
            postgres_column(name, kind)
            for name, kind in file.execute(
                "select column_name, data_type from duckdb_columns() where table_name = 't' order by column_index"
            ).fetchall()
        ]
        session.run(f"create table loaded.{table} ({', '.join(f'{c.name} {c.sent}' for c in columns)})")
        query = ", ".join(f"{c.expression} as {c.name}" for c in columns)
        session.ingest("loaded", table, file.execute(f"select {query} from t").to_arrow_reader(2))
        changed = [
            f"alter {c.name} type {c.type} using {c.name}::{c.type}" for c in columns if c.sent != c.type
        ]
        session.run(f"alter table loaded.{table} {', '.join(changed)}")
    session.commit()
    cursor = reader.execute(f"select * from loaded.{table}", binary=True)
    types = [psycopg.adapters.types[column.type_code].name for column in cursor.description or ()]
    found = [tuple(map(expected, row)) for row in cursor.fetchall()]
    assert types == [postgres for postgres, _ in TYPES.values()]
    for kind, arrived, sent in zip(TYPES, zip(*found, strict=True), zip(*rows, strict=True), strict=False):
        assert sorted(map(repr, arrived)) == sorted(repr(expected(value)) for value in sent), kind
    assert len(found) == len(rows)


def test_json_arrives_as_json(session: PostgresSession) -> None:
    """Of a document with an escaped backslash before what looks like an escaped NUL, only the NUL is replaced."""
    document = {"a": ["\\u0000", "\x00\x00", "\\\x00"], "b": {"c": None}}
    with duckdb.connect() as file:
        file.execute("create table t as select ?::json as c", [json.dumps(document)])
        column = postgres_column("c", "JSON")
        session.run("create table loaded.documents (c text)")
        batches = file.execute(f"select {column.expression} as c from t").to_arrow_reader(10)
        assert isinstance(batches, pa.RecordBatchReader)
        session.ingest("loaded", "documents", batches)
    session.run("alter table loaded.documents alter c type jsonb using c::jsonb")
    (found,) = session.rows("select c::text from loaded.documents")[0]
    assert json.loads(found) == {"a": ["\\u0000", "\ufffd\ufffd", "\\\ufffd"], "b": {"c": None}}
