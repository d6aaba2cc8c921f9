"""The dbt project's SQL, compiled once and run many times: a small home is then built in seconds, without dbt."""

import fcntl
import json
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from connectors.instances import sources_of
from connectors.runner import prepare_raw
from orchestration.dbt_calls import STAMP
from orchestration.kept_statements import as_of_night
from tests import part_nights
from tests.nights import NIGHTS, PSEUDONYM_KEY
from tests.parsed_project import parsed_target


@dataclass(frozen=True)
class Node:
    """A model or a data test. `reads`: the models that it is made of, by unique id."""

    unique_id: str
    name: str
    schema: str
    is_view: bool
    severity: str
    sql: str
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Compiled:
    """`models` in an order in which they can be built."""

    models: tuple[Node, ...]
    tests: tuple[Node, ...]

    @classmethod
    def of(cls, as_of: date) -> "Compiled":
        """With the registry of the demo's company; compiled once a session, for whatever date."""
        return cls._made_of(
            Node(**each | {"reads": tuple(each["reads"]), "sql": as_of_night(each["sql"], as_of)})
            for each in json.loads(_compiled())
        )

    @classmethod
    def here(cls, as_of: date) -> "Compiled":
        """With the registry of the environment."""
        with tempfile.TemporaryDirectory() as folder:
            prepare_raw(folder)
            return cls._made_of(_node(each.node) for each in part_nights.compiled(Path(folder), as_of))

    @classmethod
    def _made_of(cls, found: Iterable[Node]) -> "Compiled":
        nodes = {each.unique_id: each for each in found}
        models = {key: each for key, each in nodes.items() if key.startswith("model.")}
        reads = {key: [of for of in each.reads if of in models] for key, each in models.items()}
        order = TopologicalSorter(reads).static_order()
        tests = tuple(each for key, each in nodes.items() if key.startswith("test."))
        return cls(tuple(models[key] for key in order), tests)

    @property
    def blocking(self) -> list[Node]:
        """The tests that hold a night back."""
        return [test for test in self.tests if test.severity == "error"]

    def with_readings_of(self, names: Collection[str]) -> tuple[Node, ...]:
        """The models of these names, and those that they are made of."""
        wanted = set(names)
        for model in reversed(self.models):
            if model.name in wanted:
                wanted |= {of.rsplit(".", 1)[-1] for of in model.reads}
        return tuple(model for model in self.models if model.name in wanted)


@cache
def _compiled() -> str:
    """Every model and data test as JSON, compiled by the first worker of the session that needs them."""
    # Of the project as it is parsed now: the folder may be an earlier session's too.
    file = parsed_target().with_name(f"compiled-{(parsed_target() / STAMP).read_text()}.json")
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            with tempfile.TemporaryDirectory() as folder:
                prepare_raw(folder)
                results = part_nights.compiled(Path(folder), NIGHTS[-1])
            for of_another in file.parent.glob("compiled-*.json"):
                of_another.unlink()
            file.write_text(json.dumps([asdict(_node(each.node)) for each in results]))
    return file.read_text()


def _node(node: Any) -> Node:
    config = node.config
    return Node(
        node.unique_id,
        node.name,
        node.schema,
        config.materialized == "view",
        str(getattr(config, "severity", "")).lower(),
        node.compiled_code,
        tuple(node.depends_on.nodes),
    )


@contextmanager
def warehouse(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse beside the raw files of a home."""
    file = home / "warehouse.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute("set timezone = 'UTC'; set preserve_insertion_order = false")
        connection.execute("set variable pops_pseudonym_key = ?", [PSEUDONYM_KEY])
        for source in sources_of():
            connection.execute(f"attach '{home}/raw/{source}.duckdb' as {source} (read_only)")
        yield connection


def build(connection: duckdb.DuckDBPyConnection, models: Collection[Node]) -> dict[str, str]:
    """Build the models; what the engine says of those that fail, by name. What is made of those is left out."""
    failed: dict[str, str] = {}
    left_out: set[str] = set()
    for model in models:
        if left_out & {*model.reads}:
            left_out.add(model.unique_id)
            continue
        kind = "view" if model.is_view else "table"
        try:
            connection.execute(f'create schema if not exists "{model.schema}"')
            connection.execute(f'create {kind} "{model.schema}"."{model.name}" as {model.sql}')
        except duckdb.Error as error:
            failed[model.name] = str(error)
            left_out.add(model.unique_id)
    return failed


def build_with_readings(home: Path, as_of: date, *names: str) -> None:
    """In the warehouse of a home that has read: the models of these names, and those that they are made of."""
    with warehouse(home) as connection:
        assert build(connection, Compiled.of(as_of).with_readings_of(names)) == {}


def failed_tests(
    connection: duckdb.DuckDBPyConnection, tests: Collection[Node]
) -> dict[str, list[tuple[Any, ...]]]:
    """The first rows that break each of the data tests that do not hold, by name."""
    found = {}
    for test in tests:
        if rows := connection.execute(test.sql).fetchmany(5):
            found[test.name] = rows
    return found
