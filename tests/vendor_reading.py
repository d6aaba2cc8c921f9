"""A sandbox with hand-made records, and a reader that does with a connector's pages what raw does, in memory."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from connectors import connector_class
from connectors.contract import Connector, Cursor, RawRecord, Stream
from connectors.errors import SourceError
from connectors.http import Http
from connectors.names import names_of
from connectors.runner import SourceRun, run_source
from connectors.settings import load_settings
from connectors.waiting import Clock
from sandbox.serving.data import VendorData
from sandbox.serving.environment import environment
from sandbox.serving.faults import Fault
from sandbox.serving.running import running_app
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from sandbox.vendors.record import Record

NIGHT = datetime(2026, 11, 14, 1, tzinfo=UTC)
HISTORY_START = datetime(2026, 5, 18, tzinfo=UTC)


class Impatient(Clock):
    """Waits for nothing."""

    def sleep(self, seconds: float) -> None:
        return


class HandMade:
    """Records by vendor and stream; those that change after the sandbox's now are not there yet."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], dict[str, Record]] = {}

    def put(
        self,
        vendor: str,
        stream: str,
        body: dict[str, Any],
        at: datetime,
        *,
        archived: bool = False,
        key: str = "",
    ) -> None:
        record = Record(key or str(body["id"]), at, body, archived)
        self._records.setdefault((vendor, stream), {})[record.id] = record

    def drop(self, vendor: str, stream: str, key: str) -> None:
        del self._records[vendor, stream][key]

    def records(self, vendor: str, stream: str, now: datetime) -> Sequence[Record]:
        return [each for each in self._records.get((vendor, stream), {}).values() if each.updated_at <= now]

    def events(self, vendor: str, start: datetime, now: datetime) -> list[bytes]:
        return []


@dataclass
class Reading:
    """What one reading of a stream gave: `added` are the records that raw did not have in that state."""

    records: list[RawRecord] = field(default_factory=list)
    added: list[RawRecord] = field(default_factory=list)
    cursor: Cursor | None = None
    window_count: int = 0
    vendor_counts: list[int] = field(default_factory=list)
    left_out: dict[str, SourceError] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        return [each.record_id for each in self.records]


class Reader:
    """A connector with its own raw: the latest version of each record, by stream."""

    def __init__(self, source: str, base_url: str, transport: httpx.BaseTransport | None = None) -> None:
        kind = connector_class(source)
        settings = load_settings(source, kind.Settings, environment(base_url, 1000, [source]))
        assert settings is not None
        self.http = Http.of(settings, transport=transport, clock=Impatient(), retry_seconds=5)
        self._settings = settings
        self._kind = kind
        self.names = names_of(kind, os.environ)
        self.connector = self._new_run()
        self.cursors: dict[str, Cursor] = {}
        self._raw: dict[str, dict[str, RawRecord]] = {}

    def _new_run(self) -> Connector:
        connector = self._kind(self._settings, self.http)
        connector.known, connector.names = self._known, self.names
        return connector

    def stream(self, name: str) -> Stream:
        return next(each for each in self.connector.streams if each.name == name)

    def read(self, name: str, until: datetime = NIGHT, *, windows: int | None = None) -> Reading:
        """Read a stream from where it stands; `windows`: how many are loaded before the run is killed."""
        self.connector = self._new_run()
        reading = Reading(cursor=self.cursors.get(name))
        stream = self.stream(name)
        while reading.window_count != windows:
            window = self.connector.next_window(stream, reading.cursor, until, HISTORY_START)
            if window is None:
                break
            cursor = window.cursor_after
            for page in self.connector.fetch(stream, window):
                assert isinstance(page.records, list)
                cursor = cursor if page.cursor is None else page.cursor
                reading.records += page.records
                reading.added += [each for each in page.records if self._load(name, each)]
                reading.vendor_counts += [] if page.vendor_count is None else [page.vendor_count]
            reading.window_count += 1
            reading.cursor = self.cursors[name] = cursor
        # As the runner: what the vendor refuses whole is an error of the stream.
        reading.left_out = dict(self.connector.parts[name].left_out())
        return reading

    def _load(self, name: str, record: RawRecord) -> bool:
        held = self._raw.setdefault(name, {})
        latest = held.get(record.record_id)
        held[record.record_id] = record
        return latest is None or (latest.record, latest.is_deleted) != (record.record, record.is_deleted)

    def _known(self, name: str) -> list[RawRecord]:
        return [each for each in self._raw.get(name, {}).values() if not each.is_deleted]


@dataclass
class Served:
    """A running sandbox over hand-made records."""

    data: Any
    state: SandboxState
    base_url: str

    def reader(self, source: str) -> Reader:
        return Reader(source, self.base_url)

    def run(self, source: str, home: Path, until: datetime = NIGHT) -> SourceRun:
        """A whole run of a source into raw, as a night does it."""
        self.state.now = until
        return run_source(source, home, until, HISTORY_START, environment(self.base_url, 1000, [source]))

    def fault(self, **fault: Any) -> None:
        self.state.faults.add([Fault.from_json(fault)])


@contextmanager
def served(data: VendorData, now: datetime = NIGHT) -> Iterator[Served]:
    state = SandboxState(data, now, pace=100_000)
    with running_app(create_app(state)) as base_url:
        yield Served(data, state, base_url)


def answered(source: str, handler: Callable[[httpx.Request], httpx.Response]) -> Reader:
    """A reader whose vendor is a function."""
    return Reader(source, "https://vendor.example", httpx.MockTransport(handler))
