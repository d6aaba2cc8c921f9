"""Runs nights the way a schedule would: the `pops` command in a process of its own.

Three undisturbed nights are run once for all workers of a test session, under a lock, and kept with copies.
"""

import fcntl
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.serving.environment import REGISTRY
from sandbox.serving.running import Sandbox, running_sandbox
from settings.home import Home
from settings.night import scheduled_moment
from tests.parsed_project import give_parsed

NIGHTS = (date(2026, 11, 14), date(2026, 11, 15), date(2026, 11, 16))
PSEUDONYM_KEY = "a-key-for-tests-only-and-long-enough"


@dataclass(frozen=True)
class House:
    """One POPS_HOME and the vendors it reads. `limit`: the seconds that a command may take."""

    home: Path
    vendors: Mapping[str, str]
    limit: float = 900

    @property
    def published(self) -> Path:
        return self.home / "published" / "product_ops.duckdb"

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("POPS_")}
        return {
            **kept,
            "POPS_REGISTRY_DIR": str(REGISTRY),
            **self.vendors,
            "POPS_HOME": str(self.home),
            "POPS_PSEUDONYM_KEY": PSEUDONYM_KEY,
            "POPS_HISTORY_START": "2026-05-18",
        }

    def pops(self, *arguments: str, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pops", *arguments]
        return subprocess.run(
            command,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout or self.limit,
            check=False,
        )

    def night(self, sandbox: Sandbox, as_of: date) -> subprocess.CompletedProcess[str]:
        sandbox.set_clock(night_moment(as_of))
        return self.pops("nightly", "--as-of", as_of.isoformat())

    def night_killed_after(self, sandbox: Sandbox, as_of: date, sources: int, seconds: float) -> None:
        """Kill everything that a night runs, some seconds after it has told that it has read so many sources."""
        sandbox.set_clock(night_moment(as_of))
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "pops", "nightly", "--as-of", as_of.isoformat()],
            env=self.environment(), stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        for printed in process.stdout:
            sources -= printed.endswith(" read\n")
            if sources == 0:
                break
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
        process.stdout.close()

    def copy(self, target: Path) -> "House":
        shutil.copytree(self.home, target)
        return House(target, self.vendors)

    def query(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.published), read_only=True) as mart:
            return mart.execute(sql, parameters).fetchall()

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the published marts and metrics, in order: what readers see."""
        tables = self.query(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema in ('mart', 'metrics') order by all"
        )
        return {
            f"{schema}.{table}": self.query(f'select * from {schema}."{table}" order by all')
            for schema, table in tables
        }

    def raw_counts(self, source: str) -> list[tuple[Any, ...]]:
        """Rows of each raw table of a source."""
        with duckdb.connect(str(self.home / "raw" / f"{source}.duckdb"), read_only=True) as raw:
            tables = raw.execute(
                "select table_name from information_schema.tables where table_schema = ? "
                "and not starts_with(table_name, '_') order by 1",
                [f"raw_{source}"],
            ).fetchall()
            return [
                (name, *raw.execute(f'select count(*) from raw_{source}."{name}"').fetchall()[0])
                for (name,) in tables
            ]


def night_moment(as_of: date) -> datetime:
    """When a night begins by its schedule, whatever the environment of the tests says."""
    return scheduled_moment(as_of, {})


class Reader(threading.Thread):
    """A BI tool that asks all the time: it must always see one whole published state."""

    def __init__(self, published: Path) -> None:
        super().__init__(daemon=True)
        self.published, self.stop = published, threading.Event()
        self.states: set[tuple[str, str, int]] = set()
        self.faults: list[str] = []

    def run(self) -> None:
        while not self.stop.wait(0.25):
            if not self.published.exists():
                continue
            try:
                with duckdb.connect(str(self.published), read_only=True) as mart:
                    ((as_of, newest, rows),) = mart.execute(
                        "select (select as_of from meta.publication), (select max(event_date) from mart.fct_usage_daily), "
                        "(select count(*) from metrics.metric_values where is_current)"
                    ).fetchall()
                self.states.add((str(as_of), str(newest), rows))
            except Exception as error:  # noqa: BLE001 - any error is what the test looks for
                self.faults.append(repr(error))


@dataclass(frozen=True)
class ThreeNights:
    """The house after three nights in a row, copies of it after each, and what a reader saw all the while.

    `port`: where its vendors were; some put their own address into every record, so that a night which is to read the
    same records must find them there again.
    """

    house: House
    after: dict[date, House]
    states_seen: list[tuple[str, str, int]]
    reader_faults: list[str]
    port: int


def three_nights(tmp_path_factory: pytest.TempPathFactory) -> ThreeNights:
    """Run the three nights against a sandbox of their own, or take what another worker of the session has run."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "three_nights"
    shared.mkdir(exist_ok=True)
    seen = shared / "seen.json"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not seen.exists():
            port = port_that_nobody_is_given()
            with running_sandbox(scale="small", now=night_moment(NIGHTS[0]), port=port) as sandbox:
                states, faults = _run_three_nights(sandbox, shared)
                seen.write_text(json.dumps([states, faults, port, sandbox.environment()]))
    states, faults, port, vendors = json.loads(seen.read_text())
    after = {as_of: House(shared / as_of.isoformat(), vendors) for as_of in NIGHTS}
    return ThreeNights(
        House(shared / "home", vendors), after, [tuple(state) for state in states], faults, port
    )


def port_that_nobody_is_given() -> int:
    """A free port below those that the system hands out, so that it is free again later."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def _run_three_nights(sandbox: Sandbox, shared: Path) -> tuple[list[tuple[str, str, int]], list[str]]:
    house = House(shared / "home", sandbox.environment())
    give_parsed(house.home)
    # Imported here: the command line is slow to load, and most who import this module run no night.
    from pops.demo import read_earlier_registries

    read_earlier_registries(Home(house.home))
    reader = Reader(house.published)
    reader.start()
    for as_of in NIGHTS:
        done = house.night(sandbox, as_of)
        assert done.returncode == 0, done.stdout + done.stderr
        house.copy(shared / as_of.isoformat())
    reader.stop.set()
    reader.join()
    return sorted(reader.states), reader.faults
