"""Where the records come from that the routes serve: the make-believe company, or an export that is replayed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from sandbox.company.company import Company
from sandbox.vendors import VENDORS, part
from sandbox.vendors.record import Record


class VendorData(Protocol):
    """What vendors have at a moment."""

    def records(self, vendor: str, stream: str, now: datetime) -> Sequence[Record]:
        """Every record of a stream that exists at `now`, in its state of then; none for an unknown stream."""
        ...

    def events(self, vendor: str, start: datetime, now: datetime) -> list[bytes]:
        """The events of the stretch of time that begins with `start` and that the vendor had got before `now`.

        How long a stretch is, and which time counts, is the vendor's: an hour of uploads, a day of the project. The
        result is files of NDJSON, uncompressed; [] when there are none.
        """
        ...


class CompanyData:
    """What every vendor shows of the company."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self._shown: dict[tuple[str, str], tuple[datetime, Sequence[Record]]] = {}
        self._exports: dict[str, Any] = {}

    def records(self, vendor: str, stream: str, now: datetime) -> Sequence[Record]:
        """See VendorData; ValueError: there is no such vendor."""
        if vendor not in VENDORS:
            raise ValueError(f"vendor {vendor!r} has no records: choose from {', '.join(VENDORS)}")
        key = (vendor, stream)
        if key not in self._shown or self._shown[key][0] != now:
            self._shown[key] = (now, part(vendor, "records").records(self.company, stream, now))
        return self._shown[key][1]

    def events(self, vendor: str, start: datetime, now: datetime) -> list[bytes]:
        if vendor not in self._exports:
            self._exports[vendor] = part(vendor, "records").Export(self.company)
        files: list[bytes] = self._exports[vendor].files(start, now)
        return files
