"""A database that serves views over a schema for each publication, as it once was, becomes one of tables by itself."""

from pathlib import Path

import psycopg
import pytest

from publication.postgres.address import PostgresAddress
from publication.postgres.publish import publish_to_postgres
from publication.postgres.session import PostgresError
from tests.postgres_fixture import postgres, published_file, target
from tests.postgres_server import rows

__all__ = ["postgres", "target"]

OLD = "product_ops_20261115_r1_1"
AS_IT_WAS = f"""
create schema {OLD};
create schema mart; create schema metrics; create schema meta;
create table {OLD}.mart_fct_ticket (ticket_id text primary key, reply_seconds bigint, mark integer);
insert into {OLD}.mart_fct_ticket values ('jira:issue:0', 60, 0);
create table {OLD}.mart_fct_gone (mark integer);
create view mart.fct_ticket as select ticket_id, reply_seconds, mark from {OLD}.mart_fct_ticket;
create view mart.fct_gone as select mark from {OLD}.mart_fct_gone;
create schema analysts;
create view analysts.slow as select ticket_id from mart.fct_ticket where reply_seconds > 60;
grant select on mart.fct_ticket to public;
"""


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return published_file(tmp_path / "product_ops.duckdb")


def relations(target: PostgresAddress) -> dict[str, str]:
    found = rows(
        target.url,
        "select relnamespace::regnamespace || '.' || relname, relkind::text from pg_class "
        "where relkind in ('r', 'v') and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'",
    )
    return dict(found)


def test_the_next_publication_takes_it_over(published: Path, target: PostgresAddress) -> None:
    rows(target.url, AS_IT_WAS)
    done = publish_to_postgres(published, target)
    assert done.left == ()
    assert relations(target) == {
        **dict.fromkeys(
            ("mart.fct_ticket", "mart.fct_usage_daily", "metrics.metric_values", "metrics.support", "meta.publication",
             "meta.columns"), "r",
        ),
        "analysts.slow": "v",
    }  # fmt: skip
    assert rows(target.url, "select count(*) from analysts.slow") == [(3,)]
    assert rows(target.url, "select has_table_privilege('public', 'mart.fct_ticket', 'select')") == [(True,)]
    assert not publish_to_postgres(published, target).changed


def test_what_somebody_reads_stays_until_nobody_does(published: Path, target: PostgresAddress) -> None:
    rows(target.url, AS_IT_WAS)
    rows(target.url, f"create view public.shortcut as select mark from {OLD}.mart_fct_ticket")
    assert publish_to_postgres(published, target).left == (f"{OLD} is read by public.shortcut",)
    rows(target.url, "drop view public.shortcut")
    with psycopg.connect(target.url) as reader:
        reader.execute(f"select * from {OLD}.mart_fct_ticket")
        (left,) = publish_to_postgres(published, target).left
        assert left.startswith(f"{OLD}: canceling statement due to lock timeout")
    assert publish_to_postgres(published, target).left == ()


def test_what_cannot_be_made_anew_stops_it(published: Path, target: PostgresAddress) -> None:
    rows(target.url, AS_IT_WAS)
    rows(target.url, "create materialized view analysts.stored as select * from analysts.slow")
    with pytest.raises(PostgresError, match=r"analysts\.stored .* is no plain view"):
        publish_to_postgres(published, target)
    assert rows(target.url, "select mark from mart.fct_ticket") == [(0,)]
