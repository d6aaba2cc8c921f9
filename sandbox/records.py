"""What every source of records hands to the vendors' routes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo


class Record(Protocol):
    """One vendor record in the state of a moment: `updated_at` is aware UTC, `body` is the vendor's JSON object."""

    @property
    def id(self) -> str: ...
    @property
    def updated_at(self) -> datetime: ...
    @property
    def body(self) -> dict[str, Any]: ...
    @property
    def archived(self) -> bool: ...


@dataclass(frozen=True)
class ServedRecord:
    """A record read from an export, or one that a planted defect changed."""

    id: str
    updated_at: datetime
    body: dict[str, Any]
    archived: bool = False


class VendorData(Protocol):
    """Where records come from: the made-up company, or an export that is replayed."""

    def records(self, vendor: str, stream: str, now: datetime) -> Sequence[Record]:
        """Every record of a stream that exists at `now`, in its state of then; none for an unknown stream."""
        ...

    def amplitude_hour(self, hour: datetime, now: datetime) -> list[bytes]:
        """The events uploaded in the UTC hour starting at `hour`: NDJSON files, uncompressed; [] when none."""
        ...

    def mixpanel_day(self, day: date, zone: ZoneInfo, now: datetime) -> bytes:
        """The events that claim a day of `zone` and were processed before `now`: NDJSON."""
        ...
