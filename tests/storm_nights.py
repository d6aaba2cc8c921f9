"""A storm over whole nights: what may happen to one, drawn from a seed, and then a night that is left in peace."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sandbox.serving.faults import KINDS
from sandbox.serving.running import Sandbox
from tests.nights import House, night_moment, port_that_nobody_is_given
from tests.storm_damage import damage, damaged_all
from tests.storm_reading import doubled

# One tool of each family, and of one family none.
TOOLS = ("amplitude", "hubspot", "jira", "zendesk")
# The first two have peace in any house, unless a vendor is away from the second on; the last is run again in peace after the storm.
NIGHTS = tuple(date(2026, 11, 13) + timedelta(days=days) for days in range(4))

# What a night prints, in order; a kill comes some moments after one of them.
_MARKS = (
    " read\n",
    "mart built and tested\n",
    "metrics computed\n",
    "audited\n",
    "published\n",
    "report written\n",
)
# Files of a home. Of raw, see `ReadingStorm`: what only earlier nights saw is nowhere else.
_PARTS = (
    "warehouse.duckdb",
    "published/*.duckdb",
    "dagster/**/*.db",
    "dagster/dagster.yaml",
    "dbt/*",
    "dlt/**/*",
    "last_night/*",
    "reports/**/*",
    "notices.sqlite",
    "identity.json",
)
# Of a number, when it was first known and how often it was revised: nights that saw less of a source revised it.
_HISTORY = ("revision", "as_of", "is_current")
_SECONDS = 600
# Of a process manager, a terminal, a lost connection, and of nobody who asks.
_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# A kind of its own, over all nights after the first.
AWAY = "vendor away"


@contextmanager
def house_folder(folder: Path) -> Iterator[tuple[Path, int]]:
    """Where an undisturbed house is or will be, and the port of its vendors, which stand with it in their records."""
    folder.mkdir(parents=True, exist_ok=True)
    noted = folder / "port"
    if not noted.exists():
        noted.write_text(str(port_that_nobody_is_given()))
    yield folder, int(noted.read_text())


def peace(sandbox: Sandbox, folder: Path) -> dict[date, House]:
    """The nights without a storm; copies of the one house after each, taken as they are where they were made before."""
    house = House(folder / "peace", sandbox.environment())
    after = {}
    for night in NIGHTS:
        after[night] = House(folder / night.isoformat(), house.vendors)
        if not after[night].home.exists():
            done = house.night(sandbox, night)
            assert done.returncode == 0, done.stdout + done.stderr
            house.copy(folder / "unfinished").home.rename(after[night].home)
    return after


@dataclass
class NightStorm:
    """A copy of the undisturbed house in one storm. `events`: what happened, in order; the same seed draws the same.

    `asked`: the kinds of what happens, in this order, half of them to the last night but one; none: two are drawn.

    How far a night comes until it is killed depends on the machine; what must hold afterwards does not.
    """

    undisturbed: dict[date, House]
    sandbox: Sandbox
    folder: Path
    seed: str
    asked: tuple[str, ...] = ()
    events: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def run(self) -> None:
        """Disturb the last nights, run the last again in peace, and compare with the house that had peace."""
        is_away = self.dice.random() < 0.2 if not self.asked else AWAY in self.asked
        begun = self.undisturbed[NIGHTS[0 if is_away else 1]].copy(self.folder / "storm")
        self.house = House(begun.home, self.sandbox.environment())
        kinds = self.kinds()
        asked = self.asked or ((AWAY,) if is_away else tuple(self.dice.choice([*kinds]) for _ in NIGHTS[2:]))
        if is_away:
            self._disturb(NIGHTS[-1], AWAY, self._away)
        others = [name for name in asked if name != AWAY]
        for number, name in enumerate(others):
            night = NIGHTS[-1] if is_away or 2 * number >= len(others) else NIGHTS[-2]
            self._disturb(night, name, kinds[name])
        done = self.house.night(self.sandbox, NIGHTS[-1])
        assert done.returncode == 0, self.told(done.stdout + done.stderr)
        self._compare()

    def told(self, what: str) -> str:
        return "\n  ".join([f"nights, seed {self.seed}: {what}", *self.events])

    def kinds(self) -> dict[str, Callable[[date], str]]:
        """What may happen to a night, by its name; besides, a vendor may be `AWAY` for all of them."""
        return {
            "damage": self._damage,
            "damage and a night": self._damage_and_night,
            "damage of all notes": self._damage_of_notes,
            "damage of raw": self._damage_of_raw,
            "faults": self._faults,
            "disk limit": self._disk_limit,
            "two at once": self._two,
            "earlier date": self._earlier,
            **{by.name: partial(self._kill, by) for by in _SIGNALS},
        }

    def _disturb(self, night: date, name: str, disturb: Callable[[date], str]) -> None:
        before = self._published()
        self.events.append(f"{night} {name}: ")
        try:
            self.events[-1] += disturb(night)
        finally:
            self.sandbox.clear_faults()
            print(self.events[-1], flush=True)
        after = self._published()
        # Readers see what they saw, or a whole and proven mart of another night.
        assert after is not None or before is None or "damage" in name, self.told("readers have nothing")
        assert after is None or after[1] == 0, self.told(f"published unproven: {after}")

    def _published(self) -> tuple[Any, ...] | None:
        try:
            [row] = self.house.query("select as_of, checks_failed from meta.publication")
        except Exception:  # noqa: BLE001 - damaged by this very storm, or not there
            return None
        return row

    def _kill(self, by: signal.Signals, night: date) -> str:
        mark, seconds = self.dice.choice(_MARKS), self.dice.uniform(0, 5)
        # The tools, the registry and the folder of files.
        count = self.dice.randint(1, len(TOOLS) + 1) if mark == _MARKS[0] else 1
        ended = self._night(night, kill_after=(mark, count, seconds), by=by)
        return f"{seconds:.1f} s after {count} times {mark.strip()!r}; {ended}"

    def _damage(self, night: date) -> str:
        return damage(self.house.home.glob(self.dice.choice(_PARTS)), self.dice)

    def _damage_and_night(self, night: date) -> str:
        what = self._damage(night)
        return f"{what}; {self._night(night)}"

    def _damage_of_notes(self, night: date) -> str:
        """All at once, but records, numbers and who is forgotten."""
        return f"{damaged_all(self.house.home, self.dice)}; {self._night(night)}"

    def _damage_of_raw(self, night: date) -> str:
        """It costs that source; afterwards somebody puts the file back from a backup, or nothing would tell what is lost."""
        tool = self.dice.choice(TOOLS)
        raw = self.house.home / "raw" / f"{tool}.duckdb"
        kept = shutil.copy(raw, self.folder / raw.name)
        what = damage([raw], self.dice)
        ended = self._night(night)
        for beside in raw.parent.glob(f"{raw.name}*"):
            beside.unlink() if beside.is_file() else shutil.rmtree(beside)
        shutil.move(kept, raw)
        return f"{what}; {ended}"

    def _faults(self, night: date) -> str:
        planned = [
            {
                "vendor": self.dice.choice(TOOLS),
                "kind": self.dice.choice(sorted(KINDS)),
                "nth": self.dice.randint(1, 6),
                "times": self.dice.randint(1, 3),
                "seconds": 0.1,
            }
            for _ in range(4)
        ]
        self.sandbox.plan_faults(*planned)
        told = [f"{each['vendor']} {each['kind']}/{each['nth']}" for each in planned]
        return f"{', '.join(told)}; {self._night(night)}"

    def _disk_limit(self, night: date) -> str:
        """No file grows beyond some megabytes, as on a disk that is full by then."""
        megabytes = self.dice.choice((1, 5, 20, 40))

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (megabytes << 20, megabytes << 20))

        return f"{megabytes} MB; {self._night(night, limit)}"

    def _two(self, night: date) -> str:
        first = self._begin(night)
        time.sleep(self.dice.uniform(3, 8))
        second = self.house.pops("nightly", "--as-of", night.isoformat())
        printed, _ = first.communicate(timeout=_SECONDS)
        assert "Traceback" not in printed + second.stderr, self.told(printed + second.stderr)
        assert 0 in (first.returncode, second.returncode), self.told(printed + second.stdout + second.stderr)
        return f"{first.returncode} and {second.returncode} ({second.stderr.strip()[:100]})"

    def _away(self, night: date) -> str:
        """A vendor does not answer for all nights after the first."""
        vendor = self.dice.choice(TOOLS)
        self.sandbox.plan_faults({"vendor": vendor, "kind": "503", "probability": 1.0, "seconds": 0})
        ended = [self._night(each) for each in NIGHTS if NIGHTS[0] < each <= night]
        return f"{vendor}; {ended}"

    def _earlier(self, night: date) -> str:
        ended = self._night(night - timedelta(days=self.dice.randint(1, 20)))
        assert "failed after that" not in ended, self.told(ended)
        return ended

    def _begin(self, night: date, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
        self.sandbox.set_clock(night_moment(night))
        return subprocess.Popen(
            [sys.executable, "-u", "-m", "pops", "nightly", "--as-of", night.isoformat()],
            env=self.house.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True, preexec_fn=before,
        )  # fmt: skip

    def _night(
        self,
        night: date,
        before: Callable[[], None] | None = None,
        kill_after: tuple[str, int, float] | None = None,
        by: signal.Signals = signal.SIGKILL,
    ) -> str:
        """Run a night; how it ended. `kill_after`: a mark, how many of it, and seconds after that."""
        process = self._begin(night, before)
        assert process.stdout is not None
        printed: list[str] = []
        for line in process.stdout:
            printed.append(line)
            if kill_after and sum(each.endswith(kill_after[0]) for each in printed) == kill_after[1]:
                time.sleep(kill_after[2])
                os.killpg(process.pid, by)
                break
        process.wait(timeout=_SECONDS)
        process.stdout.close()
        text = "".join(printed)
        assert kill_after or "Traceback" not in text, self.told(text[-3000:])
        last = text.strip().splitlines()[-1].strip() if text.strip() else "silent"
        return f"exit code {process.returncode}, {last[:120]}"

    def _compare(self) -> None:
        """The published tables of both, row by row, and raw: nothing of it is there twice."""
        found, expected = _current(self.house), _current(self.undisturbed[NIGHTS[-1]])
        assert found.keys() == expected.keys(), self.told("other tables")
        differ = {
            table: _difference(found[table], expected[table])
            for table in expected
            if found[table] != expected[table]
        }
        assert not differ, self.told("\n".join(f"{table}: {what}" for table, what in differ.items()))
        twice = {tool: doubled(self.house.home, tool) for tool in TOOLS}
        assert not any(twice.values()), self.told(str(twice))


def _current(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """What readers see now: every mart, and every number without its `_HISTORY`."""
    columns = ", ".join(
        name
        for (name,) in house.query(
            "select column_name from information_schema.columns where table_schema = 'metrics' "
            "and table_name = 'metric_values' order by ordinal_position"
        )
        if name not in _HISTORY
    )
    # One that another night knew and this one does not is kept as a row without a number.
    values = house.query(
        f"select {columns} from metrics.metric_values where is_current and (value is not null or n > 0) order by all"
    )
    marts = {table: rows for table, rows in house.content().items() if table.startswith("mart.")}
    return marts | {"metrics.metric_values": values}


def _difference(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> str:
    lost, more = (
        sorted({*map(str, expected)} - {*map(str, found)}),
        sorted({*map(str, found)} - {*map(str, expected)}),
    )
    return (
        f"{len(found)} rows, not {len(expected)}; lost {len(lost)}: {lost[:2]}; more {len(more)}: {more[:2]}"
    )
