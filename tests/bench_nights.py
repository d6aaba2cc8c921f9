"""`make bench`: a first night and two later ones, by part, and a night's models and tests beside the same SQL bare on DuckDB.

Prints seconds, the ratio of the build to DuckDB's own time for the very SQL that dbt compiled, and the peak memory of a
night's processes together. Nothing here is asserted: timings are for people. `python -m tests.bench_nights small` is a
quick look.
"""

import json
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import psutil

from checks.runner import connect
from connectors import SOURCES
from connectors.storage import attach, open_duckdb
from sandbox.serving.running import running_sandbox
from tests.nights import NIGHTS, PSEUDONYM_KEY, House, night_moment

_PART = re.compile(r"^ *([\d.]+) s  (.+)$", re.MULTILINE)
_MEGABYTE = 1 << 20


def _parts(printed: str) -> list[tuple[str, float]]:
    """Seconds of each part of a night, from its progress; all readings are one part."""
    ends: dict[str, float] = {}
    for seconds, name in _PART.findall(printed):
        ends["read" if name.endswith(" read") else name] = float(seconds)
    starts = [0.0, *ends.values()]
    return [(name, end - start) for start, (name, end) in zip(starts, ends.items(), strict=False)]


@contextmanager
def _memory_watched() -> Iterator[list[float]]:
    """The most that all processes of a night held together, in MB: memory that forks share counts once."""
    peak, done = [0.0], threading.Event()

    def held(process: psutil.Process) -> float:
        try:
            return float(process.memory_full_info().pss)
        except psutil.Error:
            return 0.0

    def watch() -> None:
        while not done.wait(0.5):
            nights = [
                each
                for each in psutil.Process().children()
                if each.status() != psutil.STATUS_ZOMBIE and "nightly" in each.cmdline()
            ]
            processes = [one for night in nights for one in (night, *night.children(recursive=True))]
            peak[0] = max(peak[0], sum(held(each) for each in processes) / _MEGABYTE)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def _in_order(nodes: dict[str, Any]) -> Iterable[str]:
    """Models before what is made of them."""
    models = {name: node for name, node in nodes.items() if node["resource_type"] == "model"}
    graph = {
        name: [each for each in node["depends_on"]["nodes"] if each in models]
        for name, node in models.items()
    }
    return TopologicalSorter(graph).static_order()


def _bare(house: House, as_of: date) -> float:
    """Seconds that DuckDB needs for the SQL of a night's models and tests, on one connection to a copy of the warehouse."""
    target = house.home / "dbt"
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    compiled = target / "compiled" / "product_ops"
    files = {name: compiled / nodes[name]["original_file_path"] for name in _in_order(nodes)}
    models = [file.read_text() for file in files.values() if file.exists()]
    tests = json.loads((target / "tests.json").read_text()).values()
    # Compiled SQL names the file.
    copied = house.home / "bare" / "warehouse.duckdb"
    copied.parent.mkdir()
    shutil.copy(house.home / "warehouse.duckdb", copied)
    connection = open_duckdb(copied)
    for source in SOURCES:
        attach(connection, house.home / "raw" / f"{source}.duckdb", source)
    connection.execute("set preserve_insertion_order = false")
    connection.execute("set variable pops_pseudonym_key = ?", [PSEUDONYM_KEY])
    connection.execute("create schema bare")
    started = time.monotonic()
    for number, query in enumerate(models):
        connection.execute(f"create table bare.model_{number} as {query}")
    for query in tests:
        connection.execute(query.replace("${as_of}", as_of.isoformat())).fetchall()
    seconds = time.monotonic() - started
    connection.close()
    shutil.rmtree(copied.parent)
    return seconds


def _rows(house: House) -> int:
    with connect(house.home / "warehouse.duckdb", house.home / "raw") as warehouse:
        return int(warehouse.execute("select sum(estimated_size) from duckdb_tables()").fetchall()[0][0])


def main(scale: str = "demo") -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_sandbox(scale=scale, now=night_moment(NIGHTS[0]), pace=600.0) as sandbox,
    ):
        house = House(Path(folder) / "home", sandbox.environment())
        for as_of in NIGHTS:
            with _memory_watched() as peak:
                started = time.monotonic()
                done = house.night(sandbox, as_of)
                seconds = time.monotonic() - started
            if done.returncode:
                sys.exit(done.stdout + done.stderr)
            parts = _parts(done.stdout)
            print(f"night as of {as_of}: {seconds:.1f} s, peak {peak[0]:,.0f} MB")
            print("  " + ", ".join(f"{name} {part:.1f}" for name, part in parts), flush=True)
        built = dict(parts)["mart built and tested"]
        try:
            bare = _bare(house, NIGHTS[-1])
        except duckdb.Error as problem:
            sys.exit(f"The compiled SQL does not run bare: {problem}")
        print(f"{_rows(house):,} rows in the warehouse")
        print(f"models and tests {built:.1f} s, bare on DuckDB {bare:.1f} s: {built / bare:.1f} times")


if __name__ == "__main__":
    main(*sys.argv[1:2])
