"""The files for Cube and Metabase: whole in themselves, of the mart's own keys, meanings and counting views.

That the tools read them, and that Cube's queries give the published numbers, is asked of the tools by `make bi-check`.
"""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pops.bi.cube import cube_model
from pops.bi.metabase import metabase_manifest
from pops.bi.published import Column, Table, published_tables
from publication.counting_views import CountingView, Number, Share
from publication.meta import models_described
from tests.parsed_project import parsed_target
from tests.test_publish import AS_OF, build, do_publish

VIEW = CountingView(
    "counted_tickets",
    "mart.fct_ticket",
    "is_counted",
    (
        Number("tickets_created", "Tickets", "Tickets of the week.", "sum", "1", "created_date", True),
        Number("reply_median", "First reply", "Half of them.", "percentile_cont(0.5)", "reply_seconds", "created_date", True),
        Number("solved", "Solved", "Those solved.", "sum", "case when status = 'status' then 1 else 0 end", "created_date", False),
        Number("status", "Named as a column", "It is.", "count_distinct", "account_id", "created_date", True),
    ),
    (Share("solved_share", "Solved", "Of all.", "solved", "tickets_created"),),
)  # fmt: skip
DIM = Table("mart", "dim_account", "Accounts.", (Column("account_id", "varchar", "Id.", None), Column("parent_id", "varchar", "", "mart.dim_account.account_id")), ("account_id",))  # fmt: skip
TICKETS = Table(
    "mart",
    "counted_tickets",
    "Tickets that count.",
    (
        Column("ticket_id", "varchar", "Id.", None),
        Column("first_account_id", "varchar", "Who asked first.", "mart.dim_account.account_id"),
        Column("account_id", "varchar", "Who asked.", "mart.dim_account.account_id"),
        Column("status", "varchar", "Status.", None),
        Column("reply_seconds", "bigint", "Seconds.", None),
        Column("is_counted", "boolean", "Yes.", None),
        Column("created_date", "date", "Day.", None),
        Column("price", "decimal(10,2)", "", "other.table.id"),
    ),
    ("ticket_id",),
)


@pytest.fixture(scope="module")
def cubes() -> dict[str, Any]:
    files = cube_model((DIM, TICKETS), (VIEW,))
    assert set(files) == {"model/cubes/dim_account.yml", "model/cubes/counted_tickets.yml"}
    return {cube["name"]: cube for text in files.values() for cube in yaml.safe_load(text)["cubes"]}


def test_a_cube_joins_each_table_once_and_never_itself(cubes: dict[str, Any]) -> None:
    assert cubes["counted_tickets"]["joins"] == [
        {"name": "dim_account", "sql": "{CUBE}.account_id = {dim_account.account_id}", "relationship": "many_to_one"}
    ]  # fmt: skip
    assert "joins" not in cubes["dim_account"]


def test_measures_are_the_counting_views_numbers_and_name_their_cube(cubes: dict[str, Any]) -> None:
    assert "measures" not in cubes["dim_account"]
    assert [
        (each["name"], each["type"], each.get("sql")) for each in cubes["counted_tickets"]["measures"]
    ] == [
        ("tickets_created", "count", None),
        ("reply_median", "number", "percentile_cont(0.5) within group (order by {CUBE}.reply_seconds)"),
        ("solved", "sum", "case when {CUBE}.status = 'status' then 1 else 0 end"),
        ("status_number", "count_distinct", "{CUBE}.account_id"),
        ("solved_share", "number", "1.0 * {solved} / nullif({tickets_created}, 0)"),
    ]


def test_dimensions_have_types_and_meanings(cubes: dict[str, Any]) -> None:
    found = {each["name"]: each for each in cubes["counted_tickets"]["dimensions"]}
    assert {name: each["type"] for name, each in found.items()} == {
        "ticket_id": "string", "first_account_id": "string", "account_id": "string", "status": "string", "reply_seconds": "number",
        "is_counted": "boolean", "created_date": "time", "price": "number",
    }  # fmt: skip
    assert [name for name, each in found.items() if each.get("primary_key")] == ["ticket_id"]
    assert found["account_id"]["description"] == "Who asked."


def test_a_manifest_tells_metabase_of_keys_and_references() -> None:
    node = json.loads(metabase_manifest((DIM, TICKETS)))["nodes"]["model.product_ops.mart.counted_tickets"]
    assert (node["schema"], node["name"], node["description"]) == (
        "mart",
        "counted_tickets",
        "Tickets that count.",
    )
    constraints = {
        name: column["constraints"] for name, column in node["columns"].items() if column["constraints"]
    }
    assert constraints["ticket_id"] == [{"type": "primary_key"}]
    assert constraints["account_id"] == [
        {"type": "foreign_key", "to": "mart.dim_account", "to_columns": ["account_id"]}
    ]


def test_tables_are_those_that_readers_have(tmp_path: Path) -> None:
    file = tmp_path / "product_ops.duckdb"
    do_publish(build(tmp_path / "warehouse.duckdb", rows=10, mark=42), file, AS_OF)
    tables = {f"{each.schema}.{each.name}": each for each in published_tables(file)}
    with duckdb.connect(str(file), read_only=True) as mart:
        there = mart.execute(
            "select table_schema || '.' || table_name from information_schema.tables where table_schema in ('mart', 'metrics')"
        ).fetchall()
    assert sorted(tables) == sorted(name for (name,) in there)
    assert tables["mart.dim_account"].key == ("id",)
    assert {column.name: column.references for column in tables["mart.fct_usage_daily"].columns} == {
        "id": "mart.dim_account.id",
        "mark": None,
    }
    # A subject is asked for its numbers of now; its cube has no other measure.
    files = cube_model(tuple(tables.values()), ())
    adoption = yaml.safe_load(files["model/cubes/numbers_adoption.yml"])["cubes"][0]
    assert adoption["sql"] == "select * from metrics.adoption where is_current"
    assert [each["name"] for each in adoption["measures"]] == ["value"]
    assert "value" not in {each["name"] for each in adoption["dimensions"]}


def test_without_a_mart_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Nothing is published yet"):
        published_tables(tmp_path / "product_ops.duckdb")


# What a metric or an effect is of, where nothing means all.
_FILTERS = ("mart.dim_launch_kpi", "mart.dim_north_star_metric", "mart.fct_experiment_effect")
# Ids of other tools than the one that a dimension is of.
_OTHER_IDS = ("app_account_id", "tool_experiment_id")


def test_what_is_named_as_a_dimensions_key_refers_to_it() -> None:
    """A tool that joins by itself knows references alone, not that two columns are called the same."""
    described = models_described(parsed_target() / "manifest.json")
    dimensions = {
        table.key[0]: name
        for name, table in described.items()
        if name.startswith("mart.dim_") and len(table.key) == 1 and (table.key[0].endswith("_id") or table.key[0] == "segment")
    }  # fmt: skip
    assert len(dimensions) > 12
    lacking = [
        (name, column, dimension)
        for name, table in described.items()
        for column in table.columns
        for key, dimension in dimensions.items()
        if (column == key or column.endswith(f"_{key}"))
        and name not in (dimension, *_FILTERS)
        and column not in _OTHER_IDS
        and column not in table.references
    ]
    assert lacking == []
