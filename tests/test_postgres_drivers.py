"""Keys, references and what may be empty, by each of the roads that drivers and BI tools take to them, as a reader who may only read."""

from pathlib import Path

import psycopg
import pytest

from publication.postgres.address import PostgresAddress
from publication.postgres.publish import publish_to_postgres
from tests.driver_catalogue import TOOLS
from tests.postgres_fixture import postgres, target
from tests.postgres_server import rows
from tests.test_postgres_keys import reader_of, with_teams

__all__ = ["postgres", "target"]


def test_every_tool_sees_keys_and_references(tmp_path: Path, target: PostgresAddress) -> None:
    publish_to_postgres(with_teams(tmp_path / "product_ops.duckdb"), target)
    reader = reader_of(target)
    for tool, asked in TOOLS.items():
        found = {
            (what, table): rows(reader, sql.format(schema="mart", table=table))
            for what, sql in asked.items()
            for table in ("fct_ticket", "fct_usage_daily", "dim_team")
        }
        assert found["keys", "fct_ticket"] == [("ticket_id", 1)], tool
        assert found["keys", "fct_usage_daily"] == [("person_id", 1), ("event_date", 2)], tool
        assert found["references", "fct_ticket"] == [("team_id", "dim_team", "team_id")], tool
        assert found["references", "dim_team"] == [("parent_team_id", "dim_team", "team_id")], tool
        assert found["references", "fct_usage_daily"] == [], tool
        assert found["columns", "dim_team"] == [("team_id", False), ("parent_team_id", True)], tool


def test_to_see_keys_gives_no_right_to_hold_a_night_up(tmp_path: Path, target: PostgresAddress) -> None:
    publish_to_postgres(with_teams(tmp_path / "product_ops.duckdb"), target)
    reader = reader_of(target)
    login = reader.split("//")[1].split(":")[0]
    rows(target.url, f"create schema analysts authorization {login}")
    for refused in (
        # A reference that is no key, one that is, and whatever changes a row.
        "create table analysts.notes (status text references mart.fct_ticket (status))",
        "create table analysts.notes (team text references mart.dim_team (team_id))",
        "create table analysts.notes (team text references mart.dim_team)",
        "update mart.fct_ticket set status = 'done'",
        "insert into mart.dim_team values ('x', null)",
    ):
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidForeignKey)):
            rows(reader, refused)
