"""A storm over the reading of sources: faults, kills, damage and clocks, and then one reading that is left in peace."""

import multiprocessing
import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from connectors import connector_class
from connectors.raw_store import LATEST
from connectors.runner import SourceRun, run_source
from sandbox.serving.faults import KINDS
from sandbox.serving.running import Sandbox
from tests.nights import NIGHTS, night_moment
from tests.storm_damage import damage
from tests.vendor_reading import HISTORY_START, Impatient

# The last is left in peace. It is more than a week later: what a vendor never tells (that a record is gone) is looked for once a week.
READINGS = tuple(night_moment(night).astimezone(UTC) for night in (*NIGHTS, NIGHTS[-1] + timedelta(days=8)))
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")
_PROCESSES = multiprocessing.get_context("forkserver")


class ADayBehind(Impatient):
    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(days=1)


def read(
    source: str, home: Path, until: datetime, env: Mapping[str, str], clock: type[Impatient] = Impatient
) -> SourceRun:
    return run_source(source, home, until, HISTORY_START, env, clock=clock())


class ReadingStorm:
    """One source in one storm. `events`: what happened, in order; the same seed gives the same."""

    def __init__(self, source: str, sandbox: Sandbox, folder: Path, seed: str) -> None:
        self.source, self.sandbox, self.seed = source, sandbox, seed
        self.env = sandbox.environment(source)
        self.home, self.peaceful = folder / "storm", folder / "peace"
        self.dice = random.Random(f"{seed} {source}")
        self.events: list[str] = []

    def run(self, disturbances: int = 3) -> None:
        """Nights in peace, the same nights in a storm but the last, and what the two then hold."""
        for until in READINGS:
            self.sandbox.set_clock(until)
            run = read(self.source, self.peaceful, until, self.env)
            assert run.outcome == "ok", run.error
        for until in READINGS[:-1]:
            self.sandbox.set_clock(until)
            for _ in range(disturbances):
                self._disturb(until)
        self.sandbox.clear_faults()
        self.sandbox.set_clock(READINGS[-1])
        run = read(self.source, self.home, READINGS[-1], self.env)
        assert run.outcome == "ok", self.told(run.error)
        self.compare()

    def compare(self) -> None:
        peace, storm = held(self.peaceful, self.source), held(self.home, self.source)
        for stream in peace:
            later = _later(peace[stream], storm[stream])
            lost = {(key, state) for key, state in peace[stream] - storm[stream] if key not in later}
            more = {(key, state) for key, state in storm[stream] - peace[stream] if key not in later}
            # What came broken lies in quarantine, and is told.
            assert len(lost) <= quarantined(self.home, self.source, stream), self.told(
                f"{stream} lost {len(lost)}: {sorted(lost)[:3]}"
            )
            assert not more, self.told(f"{stream} has {len(more)} more: {sorted(more)[:3]}")
        assert not doubled(self.home, self.source), self.told(str(doubled(self.home, self.source)))

    def _disturb(self, until: datetime) -> None:
        kinds = (self._faults, self._faults, self._kill, self._damage, self._clock, self._earlier)
        self.dice.choice(kinds)(until)

    def _faults(self, until: datetime) -> None:
        planned = [self._fault() for _ in range(self.dice.randint(1, 3))]
        self.sandbox.plan_faults(*planned)
        run = read(self.source, self.home, until, self.env)
        self.sandbox.clear_faults()
        self._note(
            "faults " + ", ".join(f"{each['kind']}/{each.get('nth', each.get('probability'))}" for each in planned), run
        )  # fmt: skip

    def _fault(self) -> dict[str, Any]:
        kind = self.dice.choice(sorted(KINDS))
        when: dict[str, Any] = {"nth": self.dice.randint(1, 8), "times": self.dice.randint(1, 4)}
        if self.dice.random() < 0.3:
            when = {"probability": self.dice.choice((0.1, 0.5, 1.0)), "seed": self.dice.randrange(1000)}
        seconds = self.dice.choice((300, 1800)) if kind == "hidden_row" else 0.1
        return {"vendor": self.source, "kind": kind, "seconds": seconds, **when}

    def _kill(self, until: datetime) -> None:
        seconds = self.dice.uniform(0, 3)
        process = _PROCESSES.Process(target=read, args=(self.source, self.home, until, self.env))
        process.start()
        process.join(seconds)
        process.kill()
        process.join()
        self.events.append(f"{until:%m-%d} kill after {seconds:.1f} s")

    def _damage(self, until: datetime) -> None:
        raw = self.home / "raw"
        beside = [*(self.home / "dlt").rglob("*")]
        files = [*raw.glob("*")] if self.dice.random() < 0.5 else beside
        what = damage(files, self.dice)
        self._note(f"damage {what}", read(self.source, self.home, until, self.env))

    def _clock(self, until: datetime) -> None:
        self._note("clock a day behind", read(self.source, self.home, until, self.env, ADayBehind))

    def _earlier(self, until: datetime) -> None:
        """A night as of an earlier date, on a home that has read more."""
        earlier = until - timedelta(days=self.dice.randint(1, 40))
        self._note(f"as of {earlier:%Y-%m-%d}", read(self.source, self.home, earlier, self.env))

    def _note(self, event: str, run: SourceRun) -> None:
        self.events.append(f"{run.outcome}: {event}" + (f" ({run.error[:150]})" if run.error else ""))
        assert run.outcome != "off"
        assert "\n" not in (run.error or ""), self.told(run.error)
        assert not run.error or "not made for" not in run.error, self.told(run.error)

    def told(self, what: str | None) -> str:
        return "\n  ".join([f"{self.source}, seed {self.seed}: {what}", *self.events])


def _later(peace: set[tuple[str, str]], storm: set[tuple[str, str]]) -> set[str]:
    """Ids of records of which the storm holds a later version: a look-back that begins earlier may meet one."""
    known = dict(peace)
    return {
        key for key, state in storm if key in known and _MOMENT.match(state) and state > known[key] >= "2000"
    }


def held(home: Path, source: str) -> dict[str, set[tuple[str, str]]]:
    """By stream, the latest state of each record that is not deleted: id, and version or, where the vendor has none, content.

    What came and went between two readings, or before a file that had to begin anew, may be known to one home alone; and of
    one version a vendor may tell other durations each time that it is asked.
    """
    with duckdb.connect(str(home / "raw" / f"{source}.duckdb"), read_only=True) as raw:
        return {
            stream.name: set(
                raw.execute(
                    f"""
                    select
                        record_id,
                        case
                            when try_cast(record_version as timestamptz) = extracted_at then md5(record)
                            else record_version
                        end
                    from (
                        select *, row_number() over (partition by record_id order by {LATEST}) as version_number
                        from raw_{source}."{stream.name}"
                    ) where version_number = 1 and not is_deleted
                    """
                ).fetchall()
            )
            for stream in connector_class(source).streams
        }


def quarantined(home: Path, source: str, stream: str) -> int:
    with duckdb.connect(str(home / "raw" / f"{source}.duckdb"), read_only=True) as raw:
        [(count,)] = raw.execute(
            f"select count(*) from raw_{source}._pops_quarantine where stream = ?", [stream]
        ).fetchall()
    return int(count)


def doubled(home: Path, source: str) -> list[tuple[Any, ...]]:
    """Streams of which raw holds other rows than were booked, or the same state twice in one reading."""
    found: list[tuple[Any, ...]] = []
    with duckdb.connect(str(home / "raw" / f"{source}.duckdb"), read_only=True) as raw:
        for stream in connector_class(source).streams:
            table = f'raw_{source}."{stream.name}"'
            found += raw.execute(
                f"""
                select ?, rows, booked, twice from (
                    select (select count(*) from {table}) as rows,
                        (select coalesce(sum(loaded_count), 0) from raw_{source}._pops_loads where stream = ?) as booked,
                        (select count(*) from (
                            select 1 from {table} group by record_id, record_hash, is_deleted, load_id having count(*) > 1
                        )) as twice
                ) where rows <> booked or twice > 0
                """,
                [stream.name, stream.name],
            ).fetchall()
    return found
