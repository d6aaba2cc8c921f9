"""The part of a night that makes numbers, without Dagster, tests and publication: read, build, compute.

For tests that need many marts of different sources: whole nights are those of `tests.nights`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from connectors import SOURCES
from connectors.runner import prepare_raw, run_source
from orchestration.metric_engine import MetricEngine
from orchestration.metric_values import append_metric_values
from tests.nights import PSEUDONYM_KEY, night_moment
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
    """`dbt run` of the whole project, or of what the arguments select.

    dbt parses anew when POPS_HOME is another: all homes of a process are reached by one link, and parsed once.
    """
    shared = Path(_parsed().name)
    link = shared / "home"
    link.unlink(missing_ok=True)
    link.symlink_to(home.resolve())
    command = [
        str(Path(sys.executable).with_name("dbt")), "--quiet", "run", "--target-path", str(shared / "dbt"),
        "--log-level-file", "none", *arguments,
    ]  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POPS_")}
    environment = {
        **kept,
        "POPS_HOME": str(link),
        "POPS_PSEUDONYM_KEY": PSEUDONYM_KEY,
        "POPS_AS_OF": as_of.isoformat(),
    }
    done = subprocess.run(
        command, cwd=DBT_PROJECT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    (home / "dbt").mkdir(exist_ok=True)
    shutil.copy(shared / "dbt" / "semantic_manifest.json", home / "dbt")


@cache
def _parsed() -> "tempfile.TemporaryDirectory[str]":
    """Where dbt keeps what it parsed, until the process ends."""
    return tempfile.TemporaryDirectory(prefix="parsed-")


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
