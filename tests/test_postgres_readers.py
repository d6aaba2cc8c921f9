"""What readers of the served mart meet: whole states only, their own views intact, comments, keys, no right to write."""

import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import psycopg
import pytest
from adbc_driver_postgresql import dbapi
from sqlalchemy import create_engine, inspect

from publication.postgres.address import PostgresAddress
from publication.postgres.publish import publish_to_postgres
from publication.postgres.session import PostgresError
from tests.postgres_fixture import TICKETS, postgres, published_file, target
from tests.postgres_server import rows

__all__ = ["postgres", "target"]

DOUBLE_SECONDS = TICKETS.replace("reply_seconds bigint", "reply_seconds double")


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "product_ops.duckdb"


def serve(file: Path, target: PostgresAddress) -> None:
    assert publish_to_postgres(file, target, 60).changed


MARKS = (
    "select (select mark from meta.publication), (select min(mark) from mart.fct_ticket), "
    "(select max(mark) from mart.fct_usage_daily), (select min(mark) from metrics.support), "
    "(select count(*) from mart.fct_ticket), (select count(*) from metrics.metric_values)"
)


class Poller(threading.Thread):
    """Reads across tables until it is told to stop: in one statement, and in one transaction of several."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.stopped = url, threading.Event()
        self.states: set[Any] = set()
        self.reads = 0

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                # Every other time a new connection, as a BI tool's pool has both.
                with psycopg.connect(self.url) as connection:
                    for _ in range(2):
                        self.states.add(connection.execute(MARKS).fetchone())
                        connection.commit()
                        several = [
                            connection.execute(f"select distinct mark from {table}").fetchall()
                            for table in ("metrics.metric_values", "mart.fct_ticket", "meta.publication")
                        ]
                        connection.commit()
                        assert all(one == several[0] and len(one) == 1 for one in several), several
                        self.reads += 2
                        time.sleep(0.005)
            except Exception as error:  # noqa: BLE001 - whatever a reader meets is what the test looks for
                self.states.add(repr(error))


def test_a_poller_sees_no_error_and_no_mixed_state(published: Path, target: PostgresAddress) -> None:
    serve(published_file(published, rows=10), target)
    pollers = [Poller(target.url) for _ in range(2)]
    for poller in pollers:
        poller.start()
    try:
        for mark in range(2, 12):
            # Now and then a column changes its type, and the view must be dropped and made anew.
            tickets = DOUBLE_SECONDS if mark in (5, 6, 9) else TICKETS
            serve(published_file(published, mark=mark, rows=10 * mark, tickets=tickets), target)
        time.sleep(0.05)
    finally:
        for poller in pollers:
            poller.stopped.set()
            poller.join(timeout=30)
    states = set().union(*(poller.states for poller in pollers))
    assert len(states) > 5
    for state in states:
        assert isinstance(state, tuple), state
        mark, *others, tickets_read, values_read = state
        assert others == [mark] * 3
        assert (tickets_read, values_read) == (10 * mark, 10 * mark)
    assert sum(poller.reads for poller in pollers) > 20


def test_a_transaction_older_than_a_publication_reads_on_what_was(
    published: Path, target: PostgresAddress
) -> None:
    serve(published_file(published), target)
    with psycopg.connect(target.url) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        # It has its snapshot, and holds none of our tables yet.
        reader.execute("select count(*) from pg_catalog.pg_class")
        serve(published_file(published, mark=2, rows=9), target)
        assert reader.execute(MARKS).fetchone() == (1, 1, 1, 1, 5, 5)
    assert rows(target.url, MARKS) == [(2, 2, 2, 2, 9, 9)]


ANALYSTS_VIEWS = """
create schema analysts authorization analyst;
grant usage on schema mart to analyst;
grant select on mart.fct_ticket to analyst;
set role analyst;
create view analysts.slow with (security_barrier = true) as
    select ticket_id, reply_seconds / 2 as half, sum(reply_seconds) over () as "Total; of 'all'" from mart.fct_ticket;
create view analysts.slowest as select max(half) as half from analysts.slow;
comment on view analysts.slow is 'Whose replies took long; it''s mine.';
comment on column analysts.slow.half is 'Half of it.';
grant select on analysts.slowest to public;
reset role;
"""
OF_ANALYSTS = """
select c.relname, pg_get_userbyid(c.relowner), c.relacl::text, c.reloptions, obj_description(c.oid), col_description(c.oid, 2)
from pg_class as c where relnamespace = 'analysts'::regnamespace order by 1
"""


@pytest.fixture
def with_analyst(published: Path, target: PostgresAddress) -> PostgresAddress:
    serve(published_file(published), target)
    rows(
        target.url,
        "do $$ begin if not exists (select from pg_roles where rolname = 'analyst') then create role analyst; end if; end $$",
    )
    rows(target.url, ANALYSTS_VIEWS)
    return target


def test_analysts_views_survive(published: Path, with_analyst: PostgresAddress) -> None:
    oids = rows(with_analyst.url, "select 'analysts.slow'::regclass::oid, 'mart.fct_ticket'::regclass::oid")
    before = rows(with_analyst.url, OF_ANALYSTS)
    # A column in the midst of the others is new: nothing is dropped.
    more = TICKETS.replace("status varchar", "status varchar, channel varchar")
    serve(published_file(published, rows=9, tickets=more), with_analyst)
    assert rows(with_analyst.url, "select half from analysts.slowest") == [(8 * 30,)]
    assert rows(with_analyst.url, "select distinct channel from mart.fct_ticket") == [(None,)]
    assert oids == rows(
        with_analyst.url, "select 'analysts.slow'::regclass::oid, 'mart.fct_ticket'::regclass::oid"
    )
    assert rows(with_analyst.url, OF_ANALYSTS) == before


def test_analysts_views_are_made_anew_over_a_changed_type(
    published: Path, with_analyst: PostgresAddress
) -> None:
    before = rows(with_analyst.url, OF_ANALYSTS)
    rights = "select c.relacl::text from pg_class as c where c.oid = 'mart.fct_ticket'::regclass"
    rights_before = rows(with_analyst.url, rights)
    serve(published_file(published, rows=4, tickets=DOUBLE_SECONDS), with_analyst)
    assert rows(with_analyst.url, "select half, pg_typeof(half)::text from analysts.slowest") == [
        (90.0, "double precision")
    ]
    assert rows(with_analyst.url, OF_ANALYSTS) == before
    granted = {
        right.strip('{}"') for ((acl,),) in [rows(with_analyst.url, rights)] for right in acl.split(",")
    }
    assert granted == {right.strip('{}"') for ((acl,),) in [rights_before] for right in acl.split(",")}


@pytest.mark.parametrize(
    ("hanging", "words"),
    [
        ("", ["mart.fct_ticket lost its column reply_seconds", "analysts.slow", "analyst", "does not exist"]),
        ("create materialized view analysts.stored as select * from analysts.slow", ["analysts.stored", "no plain view"]),
        (
            "create function analysts.f() returns bigint begin atomic select max(half) from analysts.slow; end",
            ["analysts.slow ", "because other objects depend on it"],
        ),
    ],
)  # fmt: skip
def test_a_view_that_cannot_be_made_anew_is_named_and_stops_the_change(
    published: Path, with_analyst: PostgresAddress, hanging: str, words: list[str]
) -> None:
    rows(with_analyst.url, hanging or "select 1")
    without = TICKETS.replace("reply_seconds bigint, ", "")
    with pytest.raises(PostgresError) as refused:
        serve(published_file(published, mark=2, tickets=without), with_analyst)
    for word in words:
        assert word in str(refused.value), refused.value
    # The old state stands whole, the new one is gone.
    assert rows(with_analyst.url, MARKS) == [(1, 1, 1, 1, 5, 5)]
    assert rows(with_analyst.url, "select half from analysts.slowest") == [(120,)]


def test_a_column_and_a_table_that_left_are_gone(published: Path, target: PostgresAddress) -> None:
    serve(published_file(published), target)
    without = TICKETS.replace("reply_seconds bigint, ", "")
    serve(published_file(published, tickets=without), target)
    columns = rows(target.url, "select * from mart.fct_ticket limit 1")[0]
    assert len(columns) == 4
    with duckdb.connect(str(published)) as file:
        file.execute("drop view metrics.support")
    serve(published, target)
    assert rows(target.url, "select to_regclass('metrics.support')") == [(None,)]


def test_the_readers_role_reads_and_cannot_write(published: Path, target: PostgresAddress) -> None:
    serve(published_file(published), target)
    login = f"user_{target.reader}"
    rows(target.url, f"create role {login} login password 'r' in role {target.reader}")
    url = target.url.replace("//postgres:", f"//{login}:").replace(target.secrets[0], "r")
    for mark in (2, 3):
        serve(published_file(published, mark=mark, tickets=DOUBLE_SECONDS if mark == 3 else TICKETS), target)
        assert rows(url, MARKS) == [(mark, mark, mark, mark, 5, 5)]
    for statement in (
        "delete from mart.fct_ticket",
        "insert into meta.publication (mark) values (1)",
        "update metrics.metric_values set value = 0",
        "drop table mart.fct_ticket",
        "create table mart.mine (i int)",
        "create schema mine",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(url, statement)


def test_sqlalchemy_reflects_comments_types_and_keys(published: Path, target: PostgresAddress) -> None:
    serve(published_file(published), target)
    engine = create_engine(target.url.replace("postgresql://", "postgresql+psycopg://"))
    seen = inspect(engine)
    assert set(seen.get_table_names("mart")) == {"fct_ticket", "fct_usage_daily"}
    assert set(seen.get_table_names("meta")) == {"publication", "columns"}
    text = 'Grain: one row a ticket. Its "state" is that of as_of; 100 % of it\'s here.'
    assert seen.get_table_comment("fct_ticket", "mart")["text"] == text
    columns = {column["name"]: column for column in seen.get_columns("fct_ticket", "mart")}
    assert columns["status"]["comment"] == "What status \\ means."
    assert {name: str(column["type"]) for name, column in columns.items()} == {
        "ticket_id": "TEXT", "status": "TEXT", "reply_seconds": "BIGINT", "created_at": "TIMESTAMP", "mark": "INTEGER",
    }  # fmt: skip
    assert {name for name, column in columns.items() if not column["nullable"]} == {"ticket_id"}
    keys = {
        table: seen.get_pk_constraint(table, schema)["constrained_columns"]
        for schema in ("mart", "metrics")
        for table in seen.get_table_names(schema)
    }
    assert keys == {
        "fct_ticket": ["ticket_id"], "fct_usage_daily": ["person_id", "event_date"],
        "metric_values": ["metric", "period_start"], "support": [],
    }  # fmt: skip
    engine.dispose()


def test_adbc_and_pandas_read_it(published: Path, target: PostgresAddress) -> None:
    serve(published_file(published), target)
    with dbapi.connect(target.url) as connection:
        with connection.cursor() as cursor:
            cursor.execute("select ticket_id, reply_seconds from mart.fct_ticket order by 2 desc limit 1")
            assert cursor.fetch_arrow_table().to_pylist() == [
                {"ticket_id": "jira:issue:4", "reply_seconds": 240}
            ]
        frame = pd.read_sql("select * from mart.fct_usage_daily", connection)
    assert frame.shape == (5, 5)
