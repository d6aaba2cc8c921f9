"""One make-believe company and its vendors in this process, and for each source a home that its connector fills.

dlt loads the first, undisturbed reading of a source's main stream. All else DuckDB reads from the same files: dlt would
take two thirds of the tests' time, and what it does in a disturbed run is proven without any vendor.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from connectors import connector_class
from connectors.batch import Batch
from connectors.contract import Stream
from connectors.loading import Loader
from connectors.raw_store import LATEST, RAW_COLUMNS
from connectors.runner import SourceRun, run_source
from connectors.settings import load_settings, prefix
from connectors.waiting import Clock
from sandbox.company.company import Company
from sandbox.serving.alterations import Alteration
from sandbox.serving.data import CompanyData
from sandbox.serving.environment import environment
from sandbox.serving.faults import Fault
from sandbox.serving.running import running_app
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from sandbox.vendors import VENDORS
from sandbox.vendors.record import Record
from tests.contract_cases import NIGHT, SourceCase, StreamCase

# When tests change records: after the first reading.
CHANGED_AT = NIGHT + timedelta(minutes=30)
PACE = 1_000_000


class Impatient(Clock):
    """Waits for nothing; `ahead`: how far this machine's clock is from the vendor's."""

    def __init__(self, ahead: timedelta = timedelta(0)) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        return super().now() + self._ahead

    def sleep(self, seconds: float) -> None:
        return


class Listening(httpx.HTTPTransport):
    """Notes where requests go."""

    def __init__(self) -> None:
        # The vendor is on loopback, and to read the machine's certificates takes longer than most of its answers.
        super().__init__(verify=False)
        self.hosts: set[str] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.hosts.add(request.url.host)
        return super().handle_request(request)


@dataclass
class World:
    """The sandbox, and the homes in which a source was read once and undisturbed."""

    state: SandboxState
    base_url: str
    homes: Path
    first_runs: dict[str, SourceRun] = field(default_factory=dict)

    def reset(self) -> None:
        self.state.faults.clear()
        self.state.alterations.clear()
        self.state.now = NIGHT


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """A small company; every vendor is served."""
    state = SandboxState(CompanyData(Company.create("small")), NIGHT, only=VENDORS, pace=PACE)
    with running_app(create_app(state)) as base_url:
        yield World(state, base_url, folder)


class House:
    """A source, its home, and the vendor that it is read from."""

    def __init__(self, world: World, case: SourceCase, home: Path, patch: pytest.MonkeyPatch) -> None:
        self._world = world
        self._patch = patch
        self.case = case
        self.home = home
        self.source = case.source
        self.state = world.state
        self.kind = connector_class(case.source)
        self.env = environment(world.base_url, PACE, [case.source])
        self.env |= {prefix(case.source) + name: value for name, value in case.settings.items()}
        settings = load_settings(self.source, self.kind.Settings, self.env)
        assert settings is not None
        self._hosts = {"127.0.0.1", *settings.file_hosts}
        world.reset()
        for target, value in case.small_pages.items():
            patch.setattr(target, value)
        self._by_dlt = Loader.load
        patch.setattr(Loader, "load", _load)

    def stream(self, name: str) -> Stream:
        return next(each for each in self.kind.streams if each.name == name)

    def read_once(self) -> SourceRun:
        """Take over a home in which an undisturbed run has read everything; gives that run."""
        done = self._world.homes / self.source
        if self.source not in self._world.first_runs:
            own, self.home = self.home, done
            with self._patch.context() as patch:
                patch.setattr(Loader, "load", self._main_by_dlt())
                self._world.first_runs[self.source] = self.run()
            self.home = own
        shutil.copytree(done, self.home, dirs_exist_ok=True)
        return self._world.first_runs[self.source]

    def _main_by_dlt(self) -> Callable[[Loader, str, Batch], None]:
        def load(loader: Loader, stream: str, batch: Batch) -> None:
            (self._by_dlt if stream == self.case.main else _load)(loader, stream, batch)

        return load

    def only_main(self) -> None:
        """From here on the connector has its main stream alone, and what that needs."""
        names = (*self.case.needs, self.case.main)
        self._patch.setattr(self.kind, "streams", tuple(self.stream(name) for name in names))

    def run(self, until: datetime = NIGHT, **more: Any) -> SourceRun:
        """A run as a night does it; no request may go anywhere but to the vendor."""
        self.state.now = until
        transport = Listening()
        run = run_source(
            self.source,
            self.home,
            until,
            NIGHT - self.case.history,
            self.env,
            **{"transport": transport, "clock": Impatient()} | more,
        )
        assert transport.hosts <= self._hosts
        return run

    def begin_anew(self) -> None:
        """An empty home."""
        shutil.rmtree(self.home)
        self.home.mkdir()

    def fault(self, kind: str, stream: str = "", **more: Any) -> None:
        """Plan a fault, on the main stream unless another is named."""
        planned = {
            "vendor": self.source,
            "kind": kind,
            "stream": stream or self.case.served_as or self.case.main,
        } | more
        self.state.faults.add([Fault.from_json(planned)])
        self.state.forget()

    def heal(self) -> None:
        self.state.faults.clear()
        self.state.forget()

    def records(self, name: str) -> list[Record]:
        """What the sandbox has of a stream at its present."""
        return self.state.rows(self.source, self.case.streams[name].lives_in or name)

    def alter(self, name: str, record_id: str, **how: Any) -> None:
        """Change a record of the sandbox at CHANGED_AT."""
        case = self.case.streams[name]
        assert record_id in {each.id for each in self.records(name)}, (name, record_id)
        self.state.alter(
            Alteration(
                self.source,
                case.lives_in or name,
                record_id,
                CHANGED_AT,
                touched=case.touched,
                **how,
            )
        )

    def delete(self, stream: Stream, record_id: str) -> None:
        """Delete a record as its vendor does."""
        how = self.case.streams[stream.name]
        ways: dict[str, dict[str, Any]] = {
            "flag": {"fields": how.deleted},
            "archived_pass": {"archived": True},
            "vanish": {"gone": True},
        }
        self.alter(stream.name, record_id, **ways[stream.deletes])

    @property
    def first_page(self) -> int:
        """The number of the first request after which there is something to lose."""
        return 1 if self.case.paging == "one_file" else 2

    def expected(self, name: str) -> set[str]:
        """Ids that raw must show as not deleted at the sandbox's present."""
        how = self.case.streams[name]
        if how.alive is not None:
            return how.alive(self.state, self.state.now)
        return {each.id for each in self.records(name) if not each.archived and not _is_flagged(each, how)}

    def alive(self, name: str) -> set[str]:
        """Ids that raw shows as not deleted."""
        return {key for key, is_deleted, _ in self.latest(name) if not is_deleted}

    def latest(self, name: str) -> list[tuple[str, bool, Any]]:
        """(id, is deleted, record) of the latest version of every record of raw."""
        rows = self.rows(
            f"""
            select record_id, is_deleted, record
            from (
                select *, row_number() over (partition by record_id order by {LATEST}) as version_number
                from raw_{self.source}.{name}
            )
            where version_number = 1
            """
        )
        return [(key, is_deleted, json.loads(text)) for key, is_deleted, text in rows]

    def versions(self, name: str, record_id: str) -> list[Any]:
        """Every version of a record that raw holds, oldest first."""
        rows = self.rows(
            f"select record from raw_{self.source}.{name} where record_id = ? order by extracted_at, record_version",
            [record_id],
        )
        return [json.loads(text) for (text,) in rows]

    def quarantined(self) -> list[tuple[str, str]]:
        """(stream, reason) of everything in quarantine."""
        return self.rows(f"select stream, reason from raw_{self.source}._pops_quarantine")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        path = self.home / "raw" / f"{self.source}.duckdb"
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def assert_whole(self, *names: str) -> None:
        """Raw shows what the company has, and no version twice."""
        for name in names or tuple(each.name for each in self.kind.streams):
            assert self.alive(name) == self.expected(name), name
            [(rows, distinct)] = self.rows(
                f"select count(*), count(distinct (record_id, record_hash)) from raw_{self.source}.{name}"
            )
            assert rows == distinct, name


def _load(self: Loader, stream: str, batch: Batch) -> None:
    columns = ", ".join(RAW_COLUMNS)
    self._store.connection.execute(
        f"insert into {self._store.table(stream)} ({columns}) select {columns} from read_parquet('{batch.file}')"
    )


def _is_flagged(record: Record, how: StreamCase) -> bool:
    return any(_differs_not(record.body.get(name), value) for name, value in how.deleted.items())


def _differs_not(held: Any, flag: Any) -> bool:
    """A moment in a deleted record is another one for each; any other flag is the same for all."""
    return bool(held) if isinstance(flag, str) and flag[:4].isdigit() else held == flag
