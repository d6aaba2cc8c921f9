"""dbt tests as checks that people can read: what each means, and the rows that broke it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from checks.contract import redacted
from checks.runner import connect
from checks.words import dbt_remedy

# The tests of a key, and the argument that names its columns.
KEY_TESTS = {"unique": "column_name", "unique_rows": "columns", "whole_rows": "key"}
_SHOWN = 5
_NAMED = 8
_MEANINGS = {
    "not_null": "Every row of {model} has {column}.",
    "no_nulls": "No row of {model} lacks what every row must have: {columns}.",
    "unique": "{column} names each row of {model} once.",
    "whole_rows": "Each row of {model} is there once by {key}, and has every column that it must have.",
    "accepted_values": "{column} of {model} is one of the known values: {values}.",
    "relationships": "Every {column} of {model} exists in {to}.",
    "unique_rows": "{columns} together name each row of {model} once.",
}


def meaning_of(test: Mapping[str, Any]) -> str:
    """What a dbt test says of the data, from its description, its kind, or its name, which is a sentence."""
    if test.get("description"):
        return str(test["description"])
    kind = (test.get("test_metadata") or {}).get("name")
    model = str(test.get("attached_node") or "").rsplit(".", 1)[-1]
    if kind in _MEANINGS:
        given = (test.get("test_metadata") or {}).get("kwargs") or {}
        return _MEANINGS[kind].format(
            model=model,
            column=test.get("column_name"),
            columns=_listed(given.get("columns") or []),
            key=" and ".join(given.get("key") or []),
            values=_listed(given.get("values") or []),
            to=" ".join(re.findall(r"'([^']*)'", str(given.get("to")))) or "what it points to",
        )
    return str(test["name"]).removeprefix("assert_").replace("_", " ").capitalize() + "."


def _listed(names: Sequence[object]) -> str:
    shown = ", ".join(str(name) for name in names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown


def remedy_of(test: Mapping[str, Any]) -> str:
    """What to do when a dbt test fails."""
    return dbt_remedy((test.get("test_metadata") or {}).get("name"), holds_publication(test))


def holds_publication(test: Mapping[str, Any]) -> bool:
    return str(test.get("config", {}).get("severity") or "error").lower() == "error"


@dataclass(frozen=True)
class BrokenTest:
    """A dbt test that found rows. `failing_keys`: at most five, redacted. `query` finds all of them."""

    failing_count: int
    failing_keys: tuple[str, ...]
    query: str


def broken_tests(
    unique_ids: Iterable[str], run_results: Mapping[str, Any], warehouse: Path, raw: Path
) -> dict[str, BrokenTest]:
    """By id of a failed dbt test, the rows that broke it. To be called when dbt has closed the warehouse.

    A test that dbt could not run is left out: it says nothing of the data, and dbt's own error stops the night.
    """
    by_id = {result["unique_id"]: result for result in run_results["results"]}
    found: dict[str, BrokenTest] = {}
    with connect(warehouse, raw) as connection:
        for unique_id in unique_ids:
            result = by_id[unique_id]
            if result["status"] != "error":
                query = str(result.get("compiled_code") or "").strip()
                keys = tuple(_keys(connection, query))
                found[unique_id] = BrokenTest(int(result.get("failures") or 0), keys, query)
    return found


def _keys(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    """The first column of the first rows; none when the query needs what only dbt's session has.

    dbt's `not_null` selects only the column that is null: then the rows' own first column names them.
    """
    for asked in (query, re.sub(r"(?i)^\s*select\s+\S+\s+from\b", "select * from", query, count=1)):
        try:
            rows = connection.execute(f"select * from ({asked}) limit {_SHOWN}").fetchall()
        except duckdb.Error:
            return []
        if keys := [redacted(row[0]) for row in rows if row[0] is not None]:
            return keys
    return []
