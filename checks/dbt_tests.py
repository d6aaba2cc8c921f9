"""dbt tests as checks that people can read: what each means, and the rows that broke it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.contract import redacted
from checks.words import dbt_remedy
from warehouse.contract import EngineError, Warehouse

# The tests of a key, and the argument that names its columns.
KEY_TESTS = {"unique": "column_name", "unique_rows": "columns", "whole_rows": "key"}
_SHOWN = 5
_NAMED = 8
# What the tests of a kind say; the braces are filled with names.
MEANINGS = {
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
    if kind in MEANINGS:
        given = (test.get("test_metadata") or {}).get("kwargs") or {}
        return MEANINGS[kind].format(
            model=model,
            column=test.get("column_name"),
            columns=_listed(given.get("columns") or []),
            key=_listed(given.get("key") or []),
            values=_listed(given.get("values") or []),
            to=" ".join(re.findall(r"'([^']*)'", str(given.get("to")))) or "what it points to",
        )
    return str(test["name"]).removeprefix("assert_").replace("_", " ").capitalize() + "."


def _listed(names: Sequence[object]) -> str:
    shown = ", ".join(str(name) for name in names[:_NAMED])
    return f"{shown}, … (+{len(names) - _NAMED})" if len(names) > _NAMED else shown


def remedy_of(test: Mapping[str, Any]) -> str:
    """What to do when a dbt test fails."""
    return dbt_remedy((test.get("test_metadata") or {}).get("name"), holds_publication(test))


def holds_publication(test: Mapping[str, Any]) -> bool:
    return str(test.get("config", {}).get("severity") or "error").lower() == "error"


@dataclass(frozen=True)
class DataTestOutcome:
    """What a dbt test found: `query` finds the `failing_count` rows that break it, `failing_keys` are at most five of them,
    redacted. `error`: the engine's message where it could not be run, which says nothing of the data.
    """

    unique_id: str
    passed: bool
    query: str
    failing_count: int = 0
    failing_keys: tuple[str, ...] = ()
    error: str = ""


def run_tests(
    warehouse: Warehouse, queries: Mapping[str, str], nodes: Mapping[str, Any]
) -> Iterator[DataTestOutcome]:
    """Ask the query of each test by its id, and judge by the test's own settings, as dbt does.

    `nodes`: dbt's, by id. One session asks all: a test of its own costs dbt twenty times what its SQL takes.
    """
    judged = {name: _judged(query, nodes[name]["config"]) for name, query in queries.items()}
    for unique_id, answer in warehouse.answers(judged):
        query = queries[unique_id]
        if isinstance(answer, EngineError):
            # As dbt would word it: a first line of its own, then the engine's.
            yield DataTestOutcome(unique_id, False, query, error=f"Runtime Error in test\n  {answer}")
            continue
        count, warns, fails = answer
        passed = not (warns or (fails and holds_publication(nodes[unique_id])))
        yield DataTestOutcome(
            unique_id, passed, query, int(count or 0), () if passed else tuple(_keys(warehouse, query))
        )


def _judged(query: str, settings: Mapping[str, Any]) -> str:
    counted = settings["fail_calc"]
    return (
        f"select {counted} as failing_count, {counted} {settings['warn_if']} as warns, "
        f"{counted} {settings['error_if']} as fails from (\n{query}\n) as failing_rows"
    )


def _keys(warehouse: Warehouse, query: str) -> list[str]:
    """The first column of the first rows.

    dbt's `not_null` selects only the column that is null: then the rows' own first column names them.
    """
    for asked in (query, re.sub(r"(?i)^\s*select\s+\S+\s+from\b", "select * from", query, count=1)):
        try:
            rows = warehouse.rows(f"select * from ({asked}) as failing_rows limit {_SHOWN}")
        except EngineError:  # The second query may be no SQL: then no key is known.
            return []
        if keys := [redacted(row[0]) for row in rows if row[0] is not None]:
            return keys
    return []
