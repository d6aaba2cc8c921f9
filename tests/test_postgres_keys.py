"""What a BI tool asks PostgreSQL's catalogue for: keys, references, what may be empty, and nothing that it may not read."""

from pathlib import Path

import duckdb
import psycopg
import pytest
from sqlalchemy import create_engine, inspect

from publication.postgres.address import PostgresAddress
from publication.postgres.publish import publish_to_postgres
from tests.postgres_fixture import KEYS, describe_columns, postgres, published_file, target
from tests.postgres_server import rows

__all__ = ["postgres", "target"]

TEAM_KEYS = {**KEYS, "mart.dim_team": ("team_id",)}
TEAM_REFERENCES = {
    "mart.fct_ticket.team_id": "mart.dim_team.team_id",
    "mart.dim_team.parent_team_id": "mart.dim_team.team_id",
    # Of a table whose key has two columns, one column names no row.
    "mart.fct_usage_daily.person_id": "metrics.metric_values.metric",
}


def with_teams(path: Path, teams: tuple[str, ...] = ("atlas", "draco"), mark: int = 1) -> Path:
    """A published file whose tickets are of teams, in turn, and the last has none."""
    published_file(path, mark=mark)
    parents = ["null::varchar", *(f"'{teams[0]}'" for _ in teams[1:])]
    listed = ", ".join(f"('{team}', {parent})" for team, parent in zip(teams, parents, strict=True))
    with duckdb.connect(str(path)) as file:
        file.execute(
            f"""
            create table mart.dim_team as select * from (values {listed}) as t (team_id, parent_team_id);
            alter table mart.fct_ticket add column team_id varchar;
            update mart.fct_ticket set team_id = ({list(teams)})[1 + reply_seconds // 60 % {len(teams)}] where reply_seconds < 240;
            """
        )
        describe_columns(file, TEAM_KEYS, TEAM_REFERENCES)
    return path


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return with_teams(tmp_path / "product_ops.duckdb")


def reader_of(target: PostgresAddress) -> str:
    """The URL of a login with the reader's role and no other."""
    login = f"user_{target.reader}"
    rows(target.url, f"create role {login} login password 'r' in role {target.reader}")
    return target.url.replace("//postgres:", f"//{login}:").replace(target.secrets[0], "r")


# What pgJDBC's getTables and psqlODBC's SQLTables go through: they do not ask whether the user may read what they list.
LISTED = """
select n.nspname || '.' || c.relname, c.relkind::text, has_table_privilege(c.oid, 'select') and has_schema_privilege(n.oid, 'usage')
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
"""


def test_a_reader_is_shown_tables_and_nothing_else(published: Path, target: PostgresAddress) -> None:
    for mark in (1, 2):
        publish_to_postgres(with_teams(published, mark=mark), target)
        listed = rows(reader_of(target) if mark == 1 else target.url, LISTED)
        assert {(kind, may_read) for _, kind, may_read in listed} == {("r", True)}
        assert {name for name, _, _ in listed} == {
            "mart.fct_ticket", "mart.fct_usage_daily", "mart.dim_team", "metrics.metric_values", "metrics.support",
            "meta.publication", "meta.columns",
        }  # fmt: skip


def test_keys_and_references_are_declared(published: Path, target: PostgresAddress) -> None:
    publish_to_postgres(published, target)
    engine = create_engine(reader_of(target).replace("postgresql://", "postgresql+psycopg://"))
    seen = inspect(engine)
    references = {
        (table, key["constrained_columns"][0]): (key["referred_schema"], key["referred_table"], key["referred_columns"])
        for table in seen.get_table_names("mart")
        for key in seen.get_foreign_keys(table, "mart")
    }  # fmt: skip
    assert references == {
        ("fct_ticket", "team_id"): ("mart", "dim_team", ["team_id"]),
        ("dim_team", "parent_team_id"): ("mart", "dim_team", ["team_id"]),
    }
    assert seen.get_pk_constraint("dim_team", "mart")["constrained_columns"] == ["team_id"]
    nullable = {each["name"]: each["nullable"] for each in seen.get_columns("fct_ticket", "mart")}
    assert nullable == {
        "ticket_id": False, "status": True, "reply_seconds": True, "created_at": True, "mark": True, "team_id": True,
    }  # fmt: skip
    assert [each["column_names"] for each in seen.get_indexes("fct_ticket", "mart")] == [["team_id"]]
    engine.dispose()


def test_members_come_and_go_under_their_references(published: Path, target: PostgresAddress) -> None:
    teams = ("atlas", "draco"), ("draco", "cosmos", "lyra"), ("lyra",)
    for mark, of_night in enumerate(teams, 1):
        publish_to_postgres(with_teams(published, of_night, mark), target)
        assert rows(target.url, "select team_id from mart.dim_team order by 1") == [
            (t,) for t in sorted(of_night)
        ]
        assert rows(
            target.url,
            "select count(*), count(team_id) from mart.fct_ticket join mart.dim_team using (team_id)",
        ) == [(4, 4)]
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        rows(target.url, "delete from mart.dim_team")


def test_a_key_that_changes_its_columns_or_type_is_declared_anew(
    published: Path, target: PostgresAddress
) -> None:
    publish_to_postgres(published, target)
    with duckdb.connect(str(published)) as file:
        # Teams are numbered, and a row of usage is one a person.
        file.execute(
            """
            create or replace table mart.dim_team as select 7 as team_id, null::integer as parent_team_id;
            alter table mart.fct_ticket alter team_id type integer using 7;
            """
        )
        describe_columns(file, {**TEAM_KEYS, "mart.fct_usage_daily": ("person_id",)}, TEAM_REFERENCES)
    assert publish_to_postgres(published, target).changed
    constraints = (
        "select conrelid::regclass::text, contype::text, pg_get_constraintdef(oid) from pg_constraint "
        "where contype in ('p', 'f') and conrelid::regclass::text like 'mart.%' order by 1, 2 desc, 3"
    )
    deferred = "DEFERRABLE INITIALLY DEFERRED"
    assert rows(target.url, constraints) == [
        ("mart.dim_team", "p", "PRIMARY KEY (team_id)"),
        ("mart.dim_team", "f", f"FOREIGN KEY (parent_team_id) REFERENCES mart.dim_team(team_id) {deferred}"),
        ("mart.fct_ticket", "p", "PRIMARY KEY (ticket_id)"),
        ("mart.fct_ticket", "f", f"FOREIGN KEY (team_id) REFERENCES mart.dim_team(team_id) {deferred}"),
        ("mart.fct_usage_daily", "p", "PRIMARY KEY (person_id)"),
    ]
    assert rows(target.url, "select distinct team_id from mart.fct_ticket") == [(7,)]
    # The same again changes nothing.
    assert not publish_to_postgres(published, target).changed


def test_a_row_without_what_it_must_have_is_not_served(published: Path, target: PostgresAddress) -> None:
    publish_to_postgres(published, target)
    with duckdb.connect(str(published)) as file:
        file.execute("update mart.fct_ticket set team_id = 'nobody' where team_id is not null")
    with pytest.raises(
        RuntimeError, match=r"its references: .*violates foreign key constraint.*Readers there keep"
    ) as told:
        publish_to_postgres(published, target)
    assert "nobody" not in str(told.value)
    assert rows(target.url, "select count(*) from mart.fct_ticket where team_id = 'atlas'") == [(2,)]
