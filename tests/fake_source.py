"""A connector whose vendor is a list in memory, to see what the runner does with it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import AnyHttpUrl

from connectors import runner
from connectors.contract import Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.errors import WindowTooLarge
from connectors.runner import SourceRun, run_source
from connectors.settings import SourceSettings

NIGHT = datetime(2026, 11, 14, 1, tzinfo=UTC)
START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Killed(BaseException):
    """Stands for a kill: nothing in the platform may catch it."""


def record(key: int | str, value: Any = 0, version: str = "1", is_deleted: bool = False) -> RawRecord:
    return RawRecord(str(key), version, json.dumps({"id": key, "value": value}), is_deleted)


def stream(name: str, *, optional: bool = False) -> Stream:
    return Stream(name, Words("A list", "Une liste"), (), version="version", cursor="day", optional=optional)


@dataclass
class Vendor:
    """Pages by stream and day since `START`; an exception in place of a page is raised, a callable is called."""

    pages: dict[str, list[list[Any]]] = field(default_factory=dict)
    largest_window: timedelta = timedelta(days=365)
    fetched: list[tuple[str, Window]] = field(default_factory=list)


class FakeSettings(SourceSettings):
    base_url: AnyHttpUrl = AnyHttpUrl("https://fake.example")


def fake_class(vendor: Vendor, streams: tuple[Stream, ...]) -> type[Any]:
    class FakeConnector(Connector):
        name = "fake"
        title = "Fake"
        family = "delivery"
        unread = Words("Nothing follows.", "Rien ne s'ensuit.")
        access = "none."
        Settings = FakeSettings

        def check(self) -> None: ...

        def next_window(
            self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
        ) -> Window | None:
            day = cursor["day"] if cursor else 0
            if day >= len(vendor.pages[stream.name]):
                return None
            return Window(START + day * DAY, START + (int(day) + 1) * DAY, {"day": int(day) + 1})

        def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
            assert window.start is not None
            assert window.end is not None
            vendor.fetched.append((stream.name, window))
            if window.end - window.start > vendor.largest_window:
                raise WindowTooLarge()
            for page in vendor.pages[stream.name][(window.start - START) // DAY]:
                if isinstance(page, BaseException):
                    raise page
                yield page(self) if callable(page) else page if isinstance(page, Page) else Page(page)

        def shortened(self, window: Window) -> Window | None:
            assert window.start is not None
            assert window.end is not None
            if window.end - window.start <= timedelta(hours=6):
                return None
            middle = window.start + (window.end - window.start) / 2
            return Window(window.start, middle, {"day": (middle - START) / DAY})

    FakeConnector.streams = streams
    return FakeConnector


class FakeHouse:
    """A home whose only source is `fake`."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.vendor = Vendor()
        self._patch = patch
        self.offer("things")

    def offer(self, *streams: Stream | str) -> None:
        kinds = tuple(stream(each) if isinstance(each, str) else each for each in streams)
        self.kind = fake_class(self.vendor, kinds)
        self._patch.setattr(runner, "connector_class", lambda source: self.kind)

    def run(self, until: datetime = NIGHT, progress: Callable[[str], None] | None = None) -> SourceRun:
        return run_source("fake", self.home, until, START, env={}, progress=progress)

    def run_with(self, env: Mapping[str, str]) -> SourceRun:
        return run_source("fake", self.home, NIGHT, START, env=env)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.home / "raw" / "fake.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def content(self, table: str = "things") -> list[tuple[Any, ...]]:
        return self.rows(
            f"select record_id, record_version, record_hash, is_deleted, record from raw_fake.{table} order by all"
        )

    def assert_books_balance(self, table: str = "things") -> None:
        """Every row of raw is booked once, and no row is there twice."""
        [(rows, distinct)] = self.rows(
            f"select count(*), count(distinct (record_id, record_hash)) from raw_fake.{table}"
        )
        [(booked,)] = self.rows(
            f"select coalesce(sum(loaded_count), 0) from raw_fake._pops_loads where stream = '{table}'"
        )
        assert rows == distinct == booked
        assert not self.rows(
            "select * from raw_fake._pops_loads where outcome = 'loaded' "
            "and fetched_count <> loaded_count + duplicate_count + quarantined_count"
        )
