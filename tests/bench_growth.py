"""`python -m tests.bench_growth 60 [HOME]`: what so many small nights in a row leave, night by night, a process a night.

Between two nights everything in the home becomes a day older, so that what a night forgets after a month is forgotten
here too. Prints seconds and CPU seconds of each night, MB and number of files by part, rows of Dagster's tables.
"""

import ctypes
import os
import resource
import sqlite3
import sys
import tempfile
import time
from contextlib import closing, suppress
from datetime import date, timedelta
from pathlib import Path

from sandbox.serving.running import running_sandbox
from tests.nights import House, night_moment

FIRST = date(2026, 9, 16)
_DAY = 86_400
_TABLES = {
    "history/runs.db": ("runs", "run_tags", "snapshots"),
    "history/runs/index.db": ("event_logs", "asset_check_executions", "asset_event_tags"),
}
_AGES = {"history/runs.db": "runs", "history/runs/index.db": "asset_check_executions"}

# Linux: processes whose parent has ended become ours, and so does the time that they took. Steps are forked from such a one.
_CHILD_SUBREAPER = 36


def main(nights: int, home: Path) -> None:
    """`home`: where the nights leave what they leave."""
    ctypes.CDLL(None).prctl(_CHILD_SUBREAPER, 1)
    with running_sandbox(scale="small", now=night_moment(FIRST)) as sandbox:
        house = House(home, sandbox.environment())
        for number in range(nights):
            before, started = _cpu_seconds(), time.monotonic()
            as_of = FIRST + timedelta(days=number)
            sandbox.set_clock(night_moment(as_of))
            done = house.pops("nightly", "--as-of", as_of.isoformat(), timeout=_DAY)
            if done.returncode:
                sys.exit(done.stdout + done.stderr)
            seconds, cpu = time.monotonic() - started, _cpu_seconds() - before
            print(f"night {number + 1}: {seconds:.0f} s, CPU {cpu:.0f} s; {_told(home)}", flush=True)
            _make_older(home)


def _cpu_seconds() -> float:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _told(home: Path) -> str:
    parts: dict[str, list[int]] = {}
    for file in home.rglob("*"):
        if file.is_file():
            parts.setdefault(_part(file.relative_to(home)), []).append(file.stat().st_size)
    sizes = (f"{name} {sum(all_) / 1e6:.1f} MB/{len(all_)}" for name, all_ in sorted(parts.items()))
    return "; ".join([*sizes, *_rows(home / "dagster")])


def _part(file: Path) -> str:
    """raw by source; Dagster's events by database and runs, and what steps printed; else the first folder."""
    top, *inner = file.parts
    if top == "raw" or not inner:
        return f"{top}/{file.name}" if inner else top
    if top != "dagster":
        return top
    if inner[:2] == ["history", "runs"]:
        return f"dagster/{'index' if inner[-1].startswith('index') else 'events'}"
    return f"dagster/{inner[0]}"


def _rows(dagster: Path) -> list[str]:
    told = []
    for name, tables in _TABLES.items():
        with closing(sqlite3.connect(dagster / name)) as connection:
            for table in tables:
                [(count,)] = connection.execute(f"select count(*) from {table}").fetchall()
                told.append(f"{table} {count}")
    return told


def _make_older(home: Path) -> None:
    for file in home.rglob("*"):
        stat = file.stat()
        os.utime(file, (stat.st_atime - _DAY, stat.st_mtime - _DAY))
    for name, table in _AGES.items():
        with closing(sqlite3.connect(home / "dagster" / name)) as connection:
            connection.execute(f"update {table} set create_timestamp = datetime(create_timestamp, '-1 day')")
            connection.commit()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(int(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else Path(folder) / "home")
