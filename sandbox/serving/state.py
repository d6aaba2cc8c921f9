"""The state of one running sandbox: its clock, its data with what spoils them, its limits and its faults."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Hashable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sandbox.serving import faults
from sandbox.serving.alterations import Alteration, Alterations
from sandbox.serving.data import VendorData
from sandbox.serving.defects import Defects
from sandbox.vendors import VENDORS, part
from sandbox.vendors.limits import Limiter
from sandbox.vendors.record import Record
from sandbox.vendors.streams import Stream

T = TypeVar("T")
UTC_ZONE = ZoneInfo("UTC")
A_DAY = timedelta(days=1)


class SandboxState:
    """State of one running sandbox. The clock stands still until it is set, so that a night reads one moment."""

    def __init__(
        self,
        data: VendorData,
        now: datetime,
        *,
        only: Collection[str] | None = None,
        pace: float = 1.0,
        max_export_events: int = 400_000,
        token_seconds: float = 1800.0,
        export_zone: ZoneInfo = UTC_ZONE,
    ) -> None:
        """`only`: the vendors to serve (None: all); the rest as in `vendors.api.State`. ValueError: unknown vendor."""
        unknown = sorted(set(only or ()) - set(VENDORS))
        if unknown:
            raise ValueError(f"unknown vendor {', '.join(unknown)}: choose from {', '.join(VENDORS)}")
        self.data = data
        self.vendors = tuple(vendor for vendor in VENDORS if only is None or vendor in only)
        self.max_export_events = max_export_events
        self.token_seconds = token_seconds
        self.export_zone = export_zone
        self.limiter = Limiter(pace)
        self.faults = faults.FaultPlan()
        self.defects = Defects()
        self.alterations = Alterations()
        self.requests: Counter[tuple[str, str]] = Counter()
        self._lock = threading.RLock()
        self._cache: dict[Hashable, Any] = {}
        self._followers: list[Callable[[datetime], object]] = []
        self.now = now

    @property
    def now(self) -> datetime:
        """The company's present, aware UTC."""
        return self._now

    @now.setter
    def now(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError(f"{moment.isoformat()} has no time zone: write it like 2026-11-16T01:00:00Z")
        self._now = moment.astimezone(UTC)
        self.forget()
        for follower in self._followers:
            follower(self._now)

    def follow(self, follower: Callable[[datetime], object]) -> None:
        """Call `follower` with the clock, now and whenever it is set."""
        self._followers.append(follower)
        follower(self._now)

    def forget(self) -> None:
        """Drop what was derived from the records; needed when the clock, the defects or the faults change."""
        with self._lock:
            self._cache.clear()

    def alter(self, *alterations: Alteration) -> None:
        """Change single records, from each alteration's own moment on."""
        for each in alterations:
            self.alterations.add(each)
        self.forget()

    def cached(self, key: Hashable, build: Callable[[], T]) -> T:
        """`build()` once per state of the sandbox. One thread at a time reads the data."""
        with self._lock:
            if key not in self._cache:
                self._cache[key] = build()
            result: T = self._cache[key]
            return result

    def warm_up(self) -> None:
        """Read a little of every vendor, so that what the data make at first use is made before anyone waits."""
        for vendor in self.vendors:
            streams: dict[str, Stream] = part(vendor, "streams").STREAMS
            name, stream = next(iter(streams.items()))
            if stream.stretch is None:
                self.rows(vendor, name)
            else:
                self.events(vendor, stream.stretch.start(self.now.astimezone(self.export_zone) - A_DAY))

    def rows(self, vendor: str, stream: str) -> list[Record]:
        """A stream's records as the vendor shows them now: planted defects in, rows not yet indexed out."""

        def build() -> list[Record]:
            records = self.data.records(vendor, stream, self.now)
            flawed = self.defects.apply(vendor, stream, records, self.now)
            flawed = self.alterations.apply(vendor, stream, flawed, self.now)
            return [record for record in flawed if not self.faults.hides(vendor, stream, record, self.now)]

        return self.cached(("rows", vendor, stream), build)

    def events(self, vendor: str, start: datetime) -> list[bytes]:
        """The NDJSON files of one stretch of a vendor's events, planted defects in."""
        with self._lock:
            return self.defects.apply_events(
                vendor, start, self.now, lambda past: self.data.events(vendor, past, self.now)
            )
