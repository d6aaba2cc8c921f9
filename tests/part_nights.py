"""The part of a night that makes numbers, without Dagster, tests and publication: read, build, compute.

For tests that need many marts of different sources: whole nights are those of `tests.nights`.
"""

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import chdir, contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import cleanup_connections
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from connectors import SOURCES
from connectors.runner import prepare_raw, run_source
from metrics.engine import MetricEngine
from metrics.values import append_metric_values
from orchestration.dbt_calls import dbt_variables
from sandbox.serving.environment import REGISTRY
from tests.nights import PSEUDONYM_KEY, night_moment
from tests.parsed_project import give_parsed, parsed_target
from tests.truth_comparison import COLUMNS

HISTORY_START = date(2026, 5, 18)
DBT_PROJECT = Path(__file__).parents[1] / "dbt_project"


def read(home: Path, environment: Mapping[str, str], as_of: date, sources: Iterable[str] = SOURCES) -> None:
    """Read sources as the night as of a date does; those whose variables are not set are off. Fails when one fails."""
    history_start = datetime(HISTORY_START.year, HISTORY_START.month, HISTORY_START.day, tzinfo=UTC)
    prepare_raw(home)
    for source in sources:
        run = run_source(source, home, night_moment(as_of), history_start, env=environment)
        assert run.outcome in ("ok", "off"), run.error


def with_raw_of(home: Path, target: Path, sources: Iterable[str]) -> Path:
    """A new home that holds what `home` has read of these sources, and nothing of the others."""
    (target / "raw").mkdir(parents=True)
    for source in sources:
        shutil.copy(home / "raw" / f"{source}.duckdb", target / "raw")
    prepare_raw(target)
    return target


def build(home: Path, as_of: date, *arguments: str) -> None:
    """`dbt run` of the whole project, or of what the arguments select, in this process."""
    with _environment(home, as_of):
        _dbt("run", *arguments)
    give_parsed(home)


def compiled(home: Path, as_of: date) -> list[Any]:
    """dbt's results for every model and data test, whose `node.compiled_code` is the SQL that a night would run."""
    with _environment(home, as_of):
        return list(_dbt("compile", "--exclude", "test_type:unit").results)


def run_unit_tests(home: Path, as_of: date, variables: Mapping[str, str], *names: str) -> set[str]:
    """dbt's unit tests, or those of these names, over a home whose models are built, with other variables; returns the names
    of those that ran."""
    with _environment(home, as_of):
        done = _dbt("test", "--select", *(names or ["test_type:unit"]), variables=variables)
    return {each.node.name for each in done.results}


def unit_tests_with(variable: str) -> list[str]:
    """The unit tests that set a variable themselves."""
    tests = _parsed().unit_tests.values()
    return sorted(each.name for each in tests if each.overrides and variable in each.overrides.vars)


def unit_tests_of(models: Collection[str]) -> list[str]:
    """The unit tests of models, by name."""
    return sorted(each.name for each in _parsed().unit_tests.values() if each.model in models)


@contextmanager
def _environment(home: Path, as_of: date) -> Iterator[None]:
    variables = {
        "POPS_HOME": str(home),
        "POPS_PSEUDONYM_KEY": PSEUDONYM_KEY,
        "POPS_AS_OF": as_of.isoformat(),
        "DO_NOT_TRACK": "1",
    }
    with pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(name, value)
        yield


@cache
def _target() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="parsed-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _parsed() -> Manifest:
    """For all homes of a process: nothing in it depends on where the warehouse is."""
    if os.environ["POPS_REGISTRY_DIR"] != str(REGISTRY):
        return _parsed_with(dbt_variables())
    return Manifest.from_msgpack((parsed_target() / "partial_parse.msgpack").read_bytes())


@cache
def _parsed_with(variables: str) -> Manifest:
    """The project as the registry of another organisation writes it."""
    parsed = _run_dbt(dbtRunner(), "parse", variables=json.loads(variables))
    assert isinstance(parsed, Manifest)
    return parsed


def _dbt(*arguments: str, variables: Mapping[str, str] | None = None) -> Any:
    # A run writes into the manifest what it has compiled.
    return _run_dbt(dbtRunner(manifest=_parsed().deepcopy()), *arguments, variables=variables)


def _run_dbt(runner: dbtRunner, *arguments: str, variables: Mapping[str, Any] | None = None) -> Any:
    target = str(_target())
    try:
        with chdir(DBT_PROJECT):
            done = runner.invoke(
                [
                    "--quiet",
                    "--no-write-json",
                    *arguments,
                    "--vars",
                    json.dumps({**json.loads(dbt_variables()), **(variables or {})}),
                    "--target-path",
                    target,
                    "--log-path",
                    target,
                    "--log-level-file",
                    "none",
                ]
            )
    finally:
        # Only a process that ends would close the warehouse.
        cleanup_connections()
        DuckDBConnectionManager.close_all_connections()
    assert done.success, done.exception or [
        (each.unique_id, each.message)
        for each in getattr(done.result, "results", ())
        if each.status in ("error", "fail")
    ]
    return done.result


def compute(home: Path, as_of: date) -> list[tuple[Any, ...]]:
    """Compute every metric of the warehouse; the current values, with the columns of `truth_comparison.COLUMNS`."""
    engine = _engine(home / "dbt" / "semantic_manifest.json")
    append_metric_values(home / "warehouse.duckdb", engine, as_of, HISTORY_START)
    return query(home, f"select {', '.join(COLUMNS)} from metrics.metric_values where is_current")


_ENGINES: dict[str, MetricEngine] = {}


def _engine(manifest: Path) -> MetricEngine:
    """One engine for all homes: it compiles what they share once."""
    text = manifest.read_text()
    if text not in _ENGINES:
        _ENGINES[text] = MetricEngine(manifest)
    return _ENGINES[text]


def query(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the warehouse."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()
