"""What a run did to a source and to each of its streams."""

from dataclasses import dataclass, field
from typing import Literal

from connectors.raw_store import Booking


@dataclass
class StreamRun:
    """What a run did to one stream. `seconds`: wall clock. `vendor_count`: the vendor's own counts of its windows, summed.

    `outcome`: `ok`; `not_available` (an optional stream that the vendor does not give, `reason` says why); `paused`
    (the quota is spent, `reason` says which; the next run goes on); `failed` (`error` says why). What earlier windows
    loaded stays. `left_out`: parts that the vendor refused, by name, and why; all else was read.
    """

    stream: str
    windows: int = 0
    fetched: int = 0
    loaded: int = 0
    duplicates: int = 0
    quarantined: int = 0
    mended: int = 0
    forgotten: int = 0
    vendor_count: int | None = None
    seconds: float = 0.0
    outcome: Literal["ok", "not_available", "paused", "failed"] = "ok"
    reason: str | None = None
    error: str | None = None
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, booking: Booking) -> None:
        self.windows += 1
        self.fetched += booking.fetched
        self.loaded += booking.loaded
        self.duplicates += booking.duplicates
        self.quarantined += booking.quarantined
        self.mended += booking.mended
        self.forgotten += booking.forgotten
        if booking.vendor_count is not None:
            self.vendor_count = (self.vendor_count or 0) + booking.vendor_count


@dataclass
class SourceRun:
    """`outcome`: `ok`; `failed` (a stream or the whole source failed, `error` says why); `paused` (nothing failed, but the
    quota was spent before all was read, `error` says so); `off` (its variables are not set).
    """

    source: str
    outcome: Literal["ok", "failed", "paused", "off"]
    streams: list[StreamRun] = field(default_factory=list)
    error: str | None = None
