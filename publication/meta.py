"""What the published mart says of itself: its schemas, the tables of schema `meta`, and the comment on every column.

Comments on the marts are the dbt models' own descriptions; those on tables that no dbt model makes stand here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from checks.dbt_tests import KEY_TESTS
from connectors.storage import literal
from metrics.catalogue import COLUMNS
from metrics.dimensions import DIMENSIONS

# Schema of the warehouse: what readers find it under.
PUBLISHED_SCHEMAS = {"marts": "mart", "metrics": "metrics"}
# Made by the metrics, but a description of them, not numbers.
CATALOGUE = "metrics.metric_definitions"
# Of the tables that no dbt model makes; those of the marts have the keys that dbt tests.
_OTHER_KEYS = {
    "meta.checks": ("asset", "check_name"),
    "meta.metrics": ("metric",),
    "meta.publication": ("as_of",),
    "meta.sources": ("source",),
}


@dataclass(frozen=True)
class Described:
    """What a table or view is, and what each of its columns is."""

    text: str
    columns: Mapping[str, str]


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
)


def models_described(manifest: Path) -> dict[str, Described]:
    """The marts' descriptions by `mart.<model>`, from dbt's `manifest.json`."""
    nodes = json.loads(manifest.read_text())["nodes"].values()
    return {
        f"{PUBLISHED_SCHEMAS[node['schema']]}.{node['name']}": Described(
            _one_line(node["description"]),
            {name: _one_line(column["description"]) for name, column in node["columns"].items()},
        )
        for node in nodes
        if node["resource_type"] == "model" and node["schema"] in PUBLISHED_SCHEMAS
    }


def write_meta(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Create `meta.<table>` of the database in use, with its rows."""
    columns = META_TABLES[table][1]
    declared = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
    connection.execute(f"create table meta.{table} ({declared})")
    if rows:
        places = ", ".join("?" for _ in columns)
        connection.executemany(f"insert into meta.{table} values ({places})", rows)


def write_comments(connection: duckdb.DuckDBPyConnection, described: Mapping[str, Described]) -> None:
    """Comment every table, view and column of the database in use, as far as it is described.

    `described`: by `schema.table`, beside what is described here.
    """
    known = {
        **described,
        "metrics.metric_values": NUMBERS,
        "meta.metrics": CATALOGUE_TEXT,
        **{
            f"meta.{table}": Described(text, {name: comment for name, (_, comment) in columns.items()})
            for table, (text, columns) in META_TABLES.items()
        },
    }
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
