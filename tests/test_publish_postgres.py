"""The mart that PostgreSQL serves: the file's rows and revision, replaced whole, whatever happens meanwhile."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from publication.file import publish
from publication.postgres import publish as publish_postgres
from publication.postgres.address import URL_VARIABLE, PostgresAddress
from publication.postgres.publish import ServedPublication, publish_to_postgres
from publication.postgres.published import PublishedFile
from publication.postgres.session import PostgresError
from tests.postgres_fixture import (
    AS_OF,
    KEYS,
    TICKETS,
    address,
    describe_columns,
    postgres,
    published_file,
    target,
)
from tests.postgres_server import Server, rows
from tests.test_publish import CHECKS, FRESHNESS, build

__all__ = ["postgres", "target"]

ROOT = Path(__file__).resolve().parent.parent
RELATIONS = (
    "mart.fct_ticket", "mart.fct_usage_daily", "metrics.metric_values", "metrics.support", "meta.publication", "meta.columns",
)  # fmt: skip
# Rows of meta.columns.
COLUMNS = 29


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "product_ops.duckdb"


def serve(file: Path, target: PostgresAddress, patience: float = 5) -> ServedPublication:
    return publish_to_postgres(file, target, patience)


def schemas(target: PostgresAddress) -> set[str]:
    found = rows(
        target.url,
        r"select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'",
    )
    return {name for (name,) in found}


def test_both_targets_hold_the_same_rows_and_revision(published: Path, target: PostgresAddress) -> None:
    done = serve(published_file(published, rows=40, revision=3), target)
    assert (done.as_of, done.revision, done.changed, done.left) == (AS_OF, 3, True, ())
    assert done.rows == done.written == 4 * 40 + 1 + COLUMNS
    assert schemas(target) == {"public", "mart", "metrics", "meta"}
    with duckdb.connect(str(published), read_only=True) as file:
        for relation in RELATIONS:
            served = rows(target.url, f"select * from {relation}")
            assert sorted(served, key=repr) == sorted(
                file.execute(f"select * from {relation}").fetchall(), key=repr
            )
            assert len(served) == {"meta.publication": 1, "meta.columns": COLUMNS}.get(relation, 40)


def test_a_night_s_own_file_is_served_with_its_comments(tmp_path: Path, target: PostgresAddress) -> None:
    """The file as `publish` writes it, views and all; the small files of the other tests have its layout."""
    file = tmp_path / "published" / "product_ops.duckdb"
    moment = datetime(2026, 11, 16, 1, tzinfo=UTC)
    publish(
        build(tmp_path / "warehouse.duckdb", rows=100, mark=1),
        file,
        AS_OF,
        CHECKS,
        FRESHNESS,
        moment,
        "UTC",
        {},
    )
    done = publish_to_postgres(file, target)
    with duckdb.connect(str(file), read_only=True) as published:
        relations = published.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
        ).fetchall()
        assert len(relations) >= 8
        for (relation,) in relations:
            read = published.execute(f"select * from {relation}").fetchall()
            assert sorted(rows(target.url, f"select * from {relation}"), key=repr) == sorted(
                read, key=repr
            ), relation
    assert rows(target.url, "select as_of, revision from meta.publication") == [(AS_OF, done.revision)]
    commented = rows(
        target.url,
        "select obj_description('meta.sources'::regclass), col_description('meta.sources'::regclass, 1)",
    )
    assert commented == [
        ("One row a source: how its last read went, and up to when its records reach.", "The tool that is read.")
    ]  # fmt: skip


def test_the_same_publication_again_changes_nothing(published: Path, target: PostgresAddress) -> None:
    first = serve(published_file(published), target)
    again = serve(published, target)
    assert (first.changed, again.changed, again.written) == (True, False, 0)
    # A table that somebody removed is noticed, although the content is the same.
    rows(target.url, "drop table metrics.support")
    assert serve(published, target).changed
    assert rows(target.url, "select count(*) from metrics.support") == [(5,)]


def test_only_what_differs_is_written(published: Path, target: PostgresAddress) -> None:
    serve(published_file(published, rows=40), target)
    with duckdb.connect(str(published)) as file:
        file.execute("update mart.fct_ticket set reply_seconds = 7 where ticket_id = 'jira:issue:3'")
        file.execute("delete from mart.fct_ticket where ticket_id = 'jira:issue:4'")
        file.execute("insert into mart.fct_ticket (ticket_id) values ('jira:issue:new')")
    kept = "select ctid, xmin from mart.fct_ticket where ticket_id not in ('jira:issue:3', 'jira:issue:new')"
    before = set(rows(target.url, kept + " and ticket_id <> 'jira:issue:4'"))
    done = serve(published, target)
    assert (done.written, done.changed) == (3, True)
    assert set(rows(target.url, kept)) == before
    with duckdb.connect(str(published), read_only=True) as file:
        expected = file.execute("select * from mart.fct_ticket order by 1").fetchall()
    assert rows(target.url, 'select * from mart.fct_ticket order by ticket_id collate "C"') == expected


def test_rows_without_a_key_are_told_apart_as_a_whole(published: Path, target: PostgresAddress) -> None:
    with duckdb.connect(str(published_file(published))) as file:
        file.execute(
            "create table metrics.loose as select range // 2 as value, null::varchar as note from range(8)"
        )
        describe_columns(file, KEYS)
    serve(published, target)
    with duckdb.connect(str(published)) as file:
        # Of what was there twice: three, one, none; and a row that is all null.
        file.execute("insert into metrics.loose values (0, null), (null, null)")
        file.execute("delete from metrics.loose where value = 2 or rowid = 2")
        expected = file.execute("select value, note from metrics.loose order by all").fetchall()
    kept = "select ctid, xmin, value from metrics.loose where value in (0, 1, 3)"
    before = set(rows(target.url, kept))
    assert serve(published, target).written == 5
    assert rows(target.url, "select value, note from metrics.loose order by 1, 2") == expected
    assert len(set(rows(target.url, kept)) & before) == 5
    assert not serve(published, target).changed


def test_a_night_that_counts_other_rows_is_not_served(
    published: Path, target: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(published_file(published), target)
    whole = PublishedFile.batches

    def lose_a_row(self: Any, table: Any) -> Any:
        return (
            whole(self, table)
            if table.name != "fct_ticket"
            else whole(self, table).read_all().slice(1).to_reader()
        )

    monkeypatch.setattr(PublishedFile, "batches", lose_a_row)
    with pytest.raises(PostgresError, match=r"has 4 rows of mart.fct_ticket where the published file has 5"):
        serve(published_file(published, mark=2), target)
    assert rows(target.url, "select distinct mark from mart.fct_ticket") == [(1,)]
    assert schemas(target) == {"public", "mart", "metrics", "meta"}


KILLED = """
import os, signal, sys
from pathlib import Path
from publication.postgres import publish
from publication.postgres.address import postgres_address
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
setattr(publish, sys.argv[2], die)
publish.publish_to_postgres(Path(sys.argv[1]), postgres_address(os.environ))
"""


@pytest.mark.parametrize("step", ["replace_rows", "unload"])
def test_a_killed_publication_leaves_the_one_before(
    published: Path, target: PostgresAddress, step: str
) -> None:
    serve(published_file(published), target)
    published_file(published, mark=2)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(published), step],
        cwd=ROOT,
        env={**os.environ, URL_VARIABLE: target.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert rows(target.url, "select distinct mark from mart.fct_ticket") == [(1,)]
    assert schemas(target) == {"public", "mart", "metrics", "meta"}
    assert serve(published, target).changed
    assert rows(target.url, "select distinct mark from mart.fct_ticket") == [(2,)]


def test_a_reader_who_sits_in_a_transaction_blocks_nobody_for_ever(
    published: Path, target: PostgresAddress
) -> None:
    serve(published_file(published), target)
    with psycopg.connect(target.url, application_name="forgotten notebook") as reader:
        assert reader.execute("select count(*) from mart.fct_ticket").fetchone() == (5,)
        with pytest.raises(PostgresError) as refused:
            serve(published_file(published, mark=2), target, patience=0.6)
        for word in ("forgotten notebook", "idle in transaction", "pg_terminate_backend", target.place):
            assert word in str(refused.value)
        # Neither its own later statements nor those of others suffer, and nothing half done is left.
        assert reader.execute("select distinct mark from mart.fct_usage_daily").fetchone() == (1,)
        assert rows(target.url, "select distinct mark from mart.fct_ticket") == [(1,)]
        assert schemas(target) == {"public", "mart", "metrics", "meta"}
    assert serve(published, target).changed
    assert rows(target.url, "select distinct mark from mart.fct_ticket") == [(2,)]


def test_two_publishers_exclude_each_other(published: Path, target: PostgresAddress) -> None:
    with psycopg.connect(target.url) as other:
        other.execute(f"select pg_advisory_lock({publish_postgres._LOCK})")
        with pytest.raises(PostgresError, match="Another publication is being written"):
            serve(published_file(published), target)
    assert serve(published, target).changed


def test_what_is_not_ours_is_not_replaced(published: Path, target: PostgresAddress) -> None:
    rows(target.url, "create schema mart create table fct_ticket (mine text)")
    with pytest.raises(PostgresError, match=r"has mart.fct_ticket already, not made by this publisher"):
        serve(published_file(published), target)
    assert rows(target.url, "select * from mart.fct_ticket") == []
    assert schemas(target) == {"public", "mart"}


def test_a_server_that_refuses_us_is_told_in_one_sentence(
    published: Path, target: PostgresAddress, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publication.postgres.session.wait_exponential", lambda max: 0)
    database = target.place.rsplit("/", 1)[1]
    rows(target.url, "create role weak_publisher login password 'weak%/secret'")
    published_file(published)
    weak = f"postgresql://weak_publisher:weak%25%2Fsecret@127.0.0.1:{postgres.port}/{database}"
    cases = {
        postgres.url(database, password="wrong-secret"): "password authentication failed",
        postgres.url("no_such_database"): "does not exist",
        postgres.url(database).replace(str(postgres.port), "1"): "Connection refused",
        weak: "grant create on database",
    }
    for url, reason in cases.items():
        with pytest.raises(PostgresError, match=reason) as refused:
            serve(published, address(url))
        text = str(refused.value)
        assert "\n" not in text
        assert "the published file stands" in text.lower()
        assert refused.value.__cause__ is None
        for secret in (postgres.password, "wrong-secret", "weak%/secret", "weak%25%2Fsecret"):
            assert secret not in text
    rows(target.url, f'grant create on database "{database}" to weak_publisher')
    with pytest.raises(PostgresError, match=r"create role \"?readers_of_weak\"? nologin"):
        serve(published, address(weak, "readers_of_weak"))
    # These are all the rights that it needs.
    rows(target.url, "create role readers_of_weak nologin")
    assert serve(published, address(weak, "readers_of_weak")).changed


def test_without_a_published_file_nothing_is_served(published: Path, target: PostgresAddress) -> None:
    with pytest.raises(FileNotFoundError, match="publish the mart first"):
        serve(published, target)


def test_a_column_of_text_that_is_too_long_a_name_is_told(published: Path, target: PostgresAddress) -> None:
    long = "x" * 64
    with pytest.raises(PostgresError, match=f"{long} of mart.fct_ticket is longer than the 63 bytes"):
        serve(published_file(published, tickets=f"{TICKETS}, {long} integer"), target)
