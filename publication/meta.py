"""What the published mart says of itself: its schemas, the tables of schema `meta`, and the comment on every column.

Comments on the marts are the dbt models' own descriptions; those on tables that no dbt model makes stand here.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from checks.dbt_tests import KEY_TESTS
from connectors.storage import literal
from learning.tables import SCHEMA, TABLES
from metrics.catalogue import COLUMNS
from metrics.dimensions import DIMENSIONS

# Schema of the warehouse: what readers find it under.
PUBLISHED_SCHEMAS = {"marts": "mart", "metrics": "metrics"}
_REF = re.compile(r"ref\('(\w+)'\)")
# Made by the metrics, but a description of them, not numbers.
CATALOGUE = "metrics.metric_definitions"
# Of the tables that no dbt model makes; those of the marts have the keys that dbt tests.
_OTHER_KEYS = {
    "meta.checks": ("asset", "check_name"),
    "meta.columns": ("table_schema", "table_name", "column_name"),
    "meta.metrics": ("metric",),
    "meta.publication": ("as_of",),
    "meta.sources": ("source",),
    **{f"{SCHEMA}.{table}": key for table, (_, key, _) in TABLES.items()},
}


@dataclass(frozen=True)
class Described:
    """What a table or view is, and what each of its columns is.

    `key`: the columns that name a row. `required`: those that every row has. `references`: of a column that names a row
    of another table, `schema.table.column`.
    """

    text: str
    columns: Mapping[str, str]
    key: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    references: Mapping[str, str] = field(default_factory=dict)


_UNDESCRIBED = Described("", {})

# Column: type and comment.
META_TABLES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "publication": (
        "One row: which night this file holds. Read it together with the numbers to know what they are as of.",
        {
            "as_of": ("date", "Everything counts what happened before this date began, in the reporting time zone."),
            "revision": ("integer", "Counts the different contents published as of this date, from 1."),
            "published_at": ("timestamp", "The night's moment (UTC): up to then the sources were read."),
            "reporting_time_zone": ("text", "Time zone in which days, weeks and months are cut."),
            "checks_passed": ("integer", "Checks of the night that passed."),
            "checks_warned": ("integer", "Checks that failed without blocking the publication."),
            "checks_failed": ("integer", "Checks that failed and should have blocked the publication: 0 in a sound mart."),
            "row_counts": ("text", "JSON: the rows of each table, by `schema.table`."),
            "content_hash": ("text", "Hash over all rows: two files with the same hash hold the same."),
        },
    ),
    "checks": (
        "One row a check of the night: what was looked at and what was found.",
        {
            "asset": ("text", "What was checked: layer, area and table."),
            "check_name": ("text", "Name of the check."),
            "passed": ("boolean", "Whether it passed."),
            "severity": ("text", "error: a failure blocks the publication; warn: it is only told."),
            "owner": ("text", "Who answers for what was checked."),
            "meaning": ("text", "What a failure means, in words."),
            "observed": ("text", "What the check saw."),
            "failing_keys": ("text", "Keys of rows that broke it, at most five, redacted."),
            "what_to_do": ("text", "What to do when it fails."),
        },
    ),
    "columns": (
        "One row a column of every table and view: what it holds, and by which columns tables are joined.",
        {
            "table_schema": ("text", "Schema of the table: mart, metrics or meta."),
            "table_name": ("text", "Table or view."),
            "column_name": ("text", "Column."),
            "ordinal_position": ("integer", "Place of the column, from 1."),
            "data_type": ("text", "Type of the column."),
            "is_nullable": ("boolean", "Whether a row may be without it; false where a test of every night holds that none is."),
            "is_key": ("boolean", "Whether it is one of the columns that together name a row."),
            "references_column": ("text", "The column whose rows it names, as schema.table.column; null for most. No row that names "
                                  "one is left out of a join by it: what is unknown has a row of its own."),
            "meaning": ("text", "What it holds."),
        },
    ),
    "sources": (
        "One row a source: how its last read went, and up to when its records reach.",
        {
            "source": ("text", "The tool that is read."),
            "family": ("text", "Kind of tool, such as support or delivery."),
            "outcome": ("text", "ok, failed, paused (its quota was spent), or off when it is not read."),
            "read_until": ("timestamp", "Moment (UTC) up to which it was read without a gap; null when never."),
            "night_until": ("timestamp", "Moment (UTC) up to which this night read."),
            "records": ("bigint", "Different records read of it so far."),
        },
    ),
}  # fmt: skip

NUMBERS = Described(
    "Every metric of every complete period, by its dimensions. One row a metric, period, set of dimensions and "
    "revision; `is_current` keeps the last revision of each. A dimension that is null means all of it: do not add up "
    "rows of different dimensions.",
    {
        "metric": "Name of the metric (meta.metrics).",
        "definition_version": "Version of the metric's definition by which the number was computed.",
        "grain": "Length of the period: day, week (from the day that dim_organisation.week_starts_on says) or month.",
        "period_start": "First day of the period, in the reporting time zone.",
        **{name: dimension.comment for name, dimension in DIMENSIONS.items()},
        "numerator": "What was counted above the line; null for metrics that are no share.",
        "denominator": "What was counted below the line; null for metrics that are no share.",
        "value": "The number, in the metric's unit; null where nothing could be measured.",
        "n": "Size of the sample; below the metric's minimum_sample the value says little.",
        "revision": "Counts the different values known of this number, from 1; above 1 the past was restated.",
        "as_of": "The night that first knew this revision.",
        "is_current": "Whether it is the last revision of this number.",
    },
)

CATALOGUE_TEXT = Described(
    "The catalogue: one row a metric, as its owner signed it.",
    {name: column.comment for name, column in COLUMNS.items()},
    ("metric",),
    frozenset({"metric"}),
)


def models_described(manifest: Path) -> dict[str, Described]:
    """The marts' descriptions by `mart.<model>`, from dbt's `manifest.json`."""
    nodes: dict[str, dict[str, Any]] = json.loads(manifest.read_text())["nodes"]
    keys, tests = key_columns(manifest), _tests(nodes)
    described = {}
    for unique_id, node in nodes.items():
        if node["resource_type"] != "model" or node["schema"] not in PUBLISHED_SCHEMAS:
            continue
        table = f"{PUBLISHED_SCHEMAS[node['schema']]}.{node['name']}"
        described[table] = Described(
            _one_line(node["description"]),
            {name: _one_line(column["description"]) for name, column in node["columns"].items()},
            keys.get(table, ()),
            frozenset(column for test in tests.get(unique_id, ()) for column in _required(test)),
            {
                test["kwargs"]["column_name"]: f"{_referred(test, nodes)}.{test['kwargs']['field']}"
                for test in tests.get(unique_id, ())
                if test["name"] == "relationships"
            },
        )
    return described


def _tests(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """By model, the generic tests without which nothing is published, of all of its rows."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for node in nodes.values():
        if (
            node["resource_type"] == "test"
            and node.get("attached_node")
            and node.get("test_metadata")
            and not (node.get("config") or {}).get("where")
            and (node.get("config") or {}).get("severity", "error").lower() == "error"
        ):
            found.setdefault(str(node["attached_node"]), []).append(node["test_metadata"])
    return found


def _required(test: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that a test holds to be there in every row."""
    given = test["kwargs"]
    match test["name"]:
        case "whole_rows":
            return (*given["key"], *given.get("required", ()))
        case "no_nulls":
            return tuple(given["columns"])
        case "not_null":
            return (given["column_name"],)
        case _:
            return ()


def _referred(test: Mapping[str, Any], nodes: Mapping[str, Mapping[str, Any]]) -> str:
    """The published table that a test of a relationship names."""
    name = _REF.fullmatch(test["kwargs"]["to"].strip())
    assert name is not None, test["kwargs"]["to"]
    schema = next(
        node["schema"]
        for node in nodes.values()
        if node["resource_type"] == "model" and node["name"] == name[1]
    )
    return f"{PUBLISHED_SCHEMAS[schema]}.{name[1]}"


def write_meta(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Create `meta.<table>` of the database in use, with its rows."""
    columns = META_TABLES[table][1]
    declared = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
    connection.execute(f"create table meta.{table} ({declared})")
    if rows:
        places = ", ".join("?" for _ in columns)
        connection.executemany(f"insert into meta.{table} values ({places})", rows)


def write_comments(connection: duckdb.DuckDBPyConnection, described: Mapping[str, Described]) -> None:
    """Comment every table, view and column of the database in use, as far as it is described, and fill `meta.columns`.

    `described`: by `schema.table`, beside what is described here.
    """
    known = {
        **described,
        "metrics.metric_values": NUMBERS,
        "meta.metrics": CATALOGUE_TEXT,
        **{
            f"{SCHEMA}.{table}": Described(
                text, {name: comment for name, (_, comment) in columns.items()}, key, frozenset(key)
            )
            for table, (text, key, columns) in TABLES.items()
        },
        **{
            f"meta.{table}": Described(
                text,
                {name: comment for name, (_, comment) in columns.items()},
                _OTHER_KEYS[f"meta.{table}"],
                frozenset(_OTHER_KEYS[f"meta.{table}"]),
            )
            for table, (text, columns) in META_TABLES.items()
        },
    }
    _write_columns(connection, known)
    relations = connection.execute(
        "select table_schema, table_name, table_type, list(column_name) "
        "from information_schema.tables join information_schema.columns using (table_catalog, table_schema, table_name) "
        "where table_catalog = current_database() group by all"
    ).fetchall()
    for schema, table, kind, columns in relations:
        text = known.get(f"{schema}.{table}")
        if text is None:
            continue
        relation = f'"{schema}"."{table}"'
        word = "view" if kind == "VIEW" else "table"
        connection.execute(f"comment on {word} {relation} is {literal(text.text)}")
        for column in columns:
            if column in text.columns:
                comment = literal(text.columns[column])
                connection.execute(f'comment on column {relation}."{column}" is {comment}')


def _write_columns(connection: duckdb.DuckDBPyConnection, known: Mapping[str, Described]) -> None:
    write_meta(connection, "columns", [])
    columns = connection.execute(
        "select table_schema, table_name, column_name, ordinal_position, lower(data_type) "
        "from information_schema.columns where table_catalog = current_database() order by 1, 2, 4"
    ).fetchall()
    rows = []
    for schema, table, column, place, kind in columns:
        text = known.get(f"{schema}.{table}", _UNDESCRIBED)
        is_nullable = column not in text.required
        rows.append(
            (schema, table, column, place, kind, is_nullable, column in text.key, text.references.get(column),
             text.columns.get(column))
        )  # fmt: skip
    connection.executemany(f"insert into meta.columns values ({', '.join('?' * 9)})", rows)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def key_columns(manifest: Path) -> dict[str, tuple[str, ...]]:
    """The columns that name a row, by `schema.table` of the published mart: those whose uniqueness dbt tests.

    `manifest`: dbt's `manifest.json`.
    """
    nodes: dict[str, dict[str, Any]] = json.loads(manifest.read_text())["nodes"]
    keys: dict[str, tuple[str, ...]] = {}
    for test in nodes.values():
        tested = test.get("test_metadata") or {}
        model = nodes.get(test.get("attached_node") or "")
        if model is None or model["schema"] != "marts":
            continue
        table = f"mart.{model['name']}"
        if tested.get("name") in KEY_TESTS:
            key = tested["kwargs"][KEY_TESTS[tested["name"]]]
            keys[table] = (key,) if isinstance(key, str) else tuple(key)
    return {**keys, **_OTHER_KEYS}
