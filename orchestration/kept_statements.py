"""The statements by which dbt made the tables of a project, kept, and run again by later nights of the same project.

dbt spends more on a table than the engine does: contexts, templates, events, files. What it sends is the same every
night but for the night's date, which is marked (`macros/clock.sql`).
"""

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Any

import duckdb

from connectors.forgotten import PSEUDONYM_KEY
from connectors.instances import sources_of
from connectors.storage import attach, open_duckdb, quoted, write_text
from settings.home import Home

_KEPT = "statements.json"
_DATE = re.compile(r"'\d{4}-\d{2}-\d{2}'( /\* as_of \*/)")
_THREADS = 2
# As dbt's profile has it.
_MEMORY_LIMIT = "2GB"


@dataclass(frozen=True)
class ModelResult:
    """How a model ended. `status`: `success`, `error`, or `skipped` after one that failed. `message`: dbt's, or in its words.
    `is_own`: it is the organisation's."""

    unique_id: str
    status: str
    message: str
    seconds: float
    is_own: bool = False


@dataclass(frozen=True)
class Statement:
    """What makes a table: `sql`, the models (ids) that it reads, its file in the project."""

    sql: str
    parents: tuple[str, ...]
    file: str


@dataclass(frozen=True)
class KeptBuild:
    """By model (id), the statements that make a project's tables, and the names of the models that are left to dbt: those
    that are no plain tables, such as those that grow, and all that these are made of. `schemas`: of the tables."""

    statements: Mapping[str, Statement]
    left: tuple[str, ...]
    schemas: tuple[str, ...]


def keep_build(target: Path, stamp: str, nodes: Iterable[Any]) -> None:
    """Keep what dbt has just run of `nodes` (dbt's, of all models); `stamp` says of which project."""
    models = {node.unique_id: node for node in nodes}
    made = {name: _run_by_dbt(target, node) for name, node in models.items()}
    left = {name for name, sql in made.items() if sql is None}
    open_ends = [*left]
    while open_ends:
        above = {*models[open_ends.pop()].depends_on.nodes} & models.keys() - left
        left |= above
        open_ends += above
    kept = {
        name: asdict(
            Statement(
                sql,
                tuple(each for each in models[name].depends_on.nodes if each in models),
                models[name].original_file_path,
            )
        )
        for name, sql in made.items()
        if sql is not None and name not in left
    }
    names = sorted(models[name].name for name in left)
    schemas = sorted({models[name].schema for name in kept})
    build = {"stamp": stamp, "left": names, "schemas": schemas, "statements": kept}
    write_text(target / _KEPT, json.dumps(build))


def _run_by_dbt(target: Path, node: Any) -> str | None:
    """What made a model's table from nothing (`macros/materialization.sql`); None where it was made in another way."""
    file = target / "run" / node.package_name / node.original_file_path
    if node.config.materialized != "table" or not file.exists():
        return None
    sql = file.read_text()
    return sql if sql.lstrip().startswith(f"drop table if exists {node.relation_name};") else None


def kept_build(target: Path, stamp: str) -> KeptBuild | None:
    """What was kept of the same project; None, where it was not, or cannot be read."""
    try:
        kept = json.loads((target / _KEPT).read_text())
        if kept["stamp"] != stamp:
            return None
        statements = {name: Statement(**statement) for name, statement in kept["statements"].items()}
        return KeptBuild(statements, tuple(kept["left"]), tuple(kept["schemas"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def as_of_night(sql: str, as_of: date) -> str:
    """SQL of some night as that of another."""
    return _DATE.sub(rf"'{as_of}'\1", sql)


def run_statements(
    home: Home, build: KeptBuild, as_of: date, unbuilt: Collection[str]
) -> Iterator[ModelResult]:
    """Make the tables for a night, each in a transaction, parents first: one that fails leaves the last night's table.

    `unbuilt`: models that failed before; what reads one of them, or of those that fail here, is skipped.
    """
    given_up, statements = {*unbuilt}, build.statements
    order = TopologicalSorter(
        {name: {*each.parents} & statements.keys() for name, each in statements.items()}
    )
    order.prepare()
    with closing(_opened(home, build.schemas)) as warehouse, ThreadPoolExecutor(_THREADS) as pool:
        free: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
        for _ in range(_THREADS):
            free.put(_session(warehouse))
        running: set[Future[ModelResult]] = set()
        while order.is_active():
            for name in order.get_ready():
                if given_up & {*statements[name].parents}:
                    given_up.add(name)
                    order.done(name)
                    yield ModelResult(name, "skipped", "", 0.0)
                else:
                    running.add(pool.submit(_made, free, name, statements[name], as_of))
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for each in ended:
                result = each.result()
                if result.status == "error":
                    given_up.add(result.unique_id)
                order.done(result.unique_id)
                yield result


def _made(
    free: "SimpleQueue[duckdb.DuckDBPyConnection]", name: str, statement: Statement, as_of: date
) -> ModelResult:
    session, began = free.get(), monotonic()
    try:
        session.execute(f"begin; {as_of_night(statement.sql, as_of)}; commit")
    except duckdb.Error as problem:
        # The transaction may have ended with the file itself, and dbt's words are those that are told and redacted.
        with suppress(duckdb.Error):
            session.execute("rollback")
        told = f"Runtime Error in model {name.rsplit('.', 1)[-1]} ({statement.file})\n  {problem}"
        return ModelResult(name, "error", told, monotonic() - began)
    finally:
        free.put(session)
    return ModelResult(name, "success", "", monotonic() - began)


def _opened(home: Home, schemas: Iterable[str]) -> duckdb.DuckDBPyConnection:
    """The warehouse as dbt's profile opens it, also one that was lost since the build."""
    warehouse = open_duckdb(home.warehouse, memory_limit=_MEMORY_LIMIT)
    warehouse.execute("set global TimeZone = 'UTC'; set preserve_insertion_order = false")
    for schema in schemas:
        warehouse.execute(f"create schema if not exists {quoted(schema)}")
    for source in sources_of():
        if (raw := home.root / "raw" / f"{source}.duckdb").exists():
            attach(warehouse, raw, source)
    return warehouse


def _session(warehouse: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    session = warehouse.cursor()
    # As a bound value: no text of a statement holds it.
    session.execute("set variable pops_pseudonym_key = ?", [os.environ.get(PSEUDONYM_KEY, "")])
    return session
