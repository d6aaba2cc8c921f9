"""`make bench`: a first night and two later ones, by part, and a night's models and tests beside the same SQL bare on DuckDB.

Prints seconds, the ratio of the build to DuckDB's own time for the very SQL that dbt compiled, and the peak memory of a
night's processes together, each as least - median - most of some runs. Nothing here is asserted: timings are for people.
`python -m tests.bench_nights --scale small` is a quick look, `--scale large` has 20 million events, `--sources amplitude,hubspot,jira,zendesk` leaves the other
tools out.
"""

import argparse
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

from connectors import SOURCES, VENDORS
from connectors.storage import attach, open_duckdb
from orchestration.kept_statements import as_of_night
from sandbox.serving.running import running_sandbox
from tests.bench_figures import Figures
from tests.nights import NIGHTS, PSEUDONYM_KEY, House, night_moment
from warehouse.embedded import connect

_PART = re.compile(r"^ *([\d.]+) s  (.+)$", re.MULTILINE)
_MEGABYTE = 1 << 20
_MEMORY = {
    "peak": "all of a night", "night": "the night itself", "step": "largest step", "sandbox": "sandbox",
}  # fmt: skip


def parts_of(printed: str) -> list[tuple[str, float]]:
    """Seconds of each part of a night, from its progress; all readings are one part."""
    ends: dict[str, float] = {}
    for seconds, name in _PART.findall(printed):
        ends["read" if name.endswith(" read") else name] = float(seconds)
    starts = [0.0, *ends.values()]
    return [(name, end - start) for start, (name, end) in zip(starts, ends.items(), strict=False)]


@contextmanager
def _memory_watched() -> Iterator[dict[str, float]]:
    """The most that a night held, in MB, memory that forks share counting once: `peak` of all its processes together,
    `night` of the one that was started, `step` of the largest beside it, `sandbox` of the vendors, which are no part of it."""
    most, done = dict.fromkeys(("peak", "night", "step", "sandbox"), 0.0), threading.Event()

    def held(process: psutil.Process) -> float:
        try:
            return float(process.memory_full_info().pss)
        except psutil.Error:
            return 0.0

    def watch() -> None:
        while not done.wait(0.5):
            running = [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]
            nights = [each for each in running if "nightly" in each.cmdline()]
            own = [held(each) / _MEGABYTE for each in nights]
            steps = [held(each) / _MEGABYTE for night in nights for each in night.children(recursive=True)]
            vendors = [held(each) / _MEGABYTE for each in running if "sandbox" in each.cmdline()]
            now = {
                "peak": sum(own) + sum(steps), "night": sum(own), "step": max(steps, default=0.0), "sandbox": sum(vendors),
            }  # fmt: skip
            most.update({name: max(most[name], value) for name, value in now.items()})

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield most
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
    # Compiled by the night that built the project first.
    models = [as_of_night(file.read_text(), as_of) for file in files.values() if file.exists()]
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


def _one_run(scale: str, sources: frozenset[str], figures: Figures) -> None:
    """A first night and two later ones in a home of their own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_sandbox(scale=scale, now=night_moment(NIGHTS[0]), pace=600.0) as sandbox,
    ):
        house = House(Path(folder) / "home", _of_tools(sandbox.environment(), sources))
        for as_of in NIGHTS:
            with _memory_watched() as memory:
                started = time.monotonic()
                done = house.night(sandbox, as_of)
                seconds = time.monotonic() - started
            if done.returncode:
                sys.exit(done.stdout + done.stderr)
            parts = dict(parts_of(done.stdout))
            print(f"night as of {as_of}: {seconds:.1f} s, peak {memory['peak']:,.0f} MB")
            print("  " + ", ".join(f"{name} {part:.1f}" for name, part in parts.items()), flush=True)
            which = "first" if as_of == NIGHTS[0] else "later"
            metrics, built = parts["metrics computed"], parts["mart built and tested"]
            figures.take(**{which: seconds, f"{which}_metrics": metrics, f"{which}_build": built})
            figures.take(**memory)
        try:
            bare = _bare(house, NIGHTS[-1])
        except duckdb.Error as problem:
            sys.exit(f"The compiled SQL does not run bare: {problem}")
        figures.take(bare=bare, ratio=built / bare, rows=_rows(house))


def _of_tools(environment: dict[str, str], sources: frozenset[str]) -> dict[str, str]:
    """The variables of these sources; without a name, of all."""
    off = {f"POPS_{source.upper()}_" for source in VENDORS if sources and source not in sources}
    return {name: value for name, value in environment.items() if not name.startswith((*off,))}


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--scale", default="demo")
    options.add_argument("--runs", type=int, default=1)
    options.add_argument("--sources", default="", help="names with commas between; all, when it is left out")
    asked = options.parse_args()
    figures, sources = Figures(), frozenset(asked.sources.split(",")) - {""}
    for _ in range(asked.runs):
        _one_run(asked.scale, sources, figures)
    print(f"{asked.runs} runs; least - median - most")
    print(figures.line("rows in the warehouse", "rows", "", 0))
    for name, title in (("first", "first night"), ("later", "later nights")):
        print(figures.line(title, name, "s"))
        print(figures.line(f"{title}, models and tests", f"{name}_build", "s"))
        print(figures.line(f"{title}, metrics", f"{name}_metrics", "s"))
    for name, title in _MEMORY.items():
        print(figures.line(f"peak memory, {title}", name, "MB", 0))
    print(figures.line("models and tests bare on DuckDB", "bare", "s"))
    print(figures.line("models and tests against that", "ratio", "times", 2))


if __name__ == "__main__":
    main()
