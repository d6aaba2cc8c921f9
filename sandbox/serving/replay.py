"""An export of one's own, served through the vendors' routes: `DIR/<vendor>/<stream>.jsonl` or `.jsonl.gz`.

One vendor record a line, as that vendor's API returns it; `vendors/<vendor>/streams.py` says what a line must have. A
vendor with a folder is replayed whole: its streams without a file are empty. The clock hides nothing of a replay, except
what a vendor never exports: Amplitude's last two hours and Mixpanel's days of the future.
"""

import gzip
import json
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sandbox.serving.data import VendorData
from sandbox.vendors import VENDORS, part
from sandbox.vendors.record import Record
from sandbox.vendors.streams import Body, Stream, Unfit, at

# What lies beside the folders of an export for people.
BESIDE = (".", "README", "LICENSE")
SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")


class ReplayError(Exception):
    """What cannot be replayed: the folder, or the file and line, why, and what it should be."""


class Replay:
    """The records of an export folder. `vendors` are those that it replaces."""

    def __init__(self, directory: Path) -> None:
        """Reads every file; raises ReplayError for an unknown name or an unreadable line."""
        if not directory.is_dir():
            raise ReplayError(
                f"{directory}: no such folder to replay; it should hold <vendor>/<stream>.jsonl files"
            )
        folders = sorted(path for path in directory.iterdir() if not path.name.startswith(BESIDE))
        if not folders:
            raise ReplayError(
                f"{directory}: no folder of a vendor in it; it should be one of {', '.join(VENDORS)}"
            )
        for path in folders:
            if path.name not in VENDORS or not path.is_dir():
                raise ReplayError(
                    f"{path}: no folder of a vendor; take it away, or name a folder after one of {', '.join(VENDORS)}"
                )
        self.vendors = tuple(path.name for path in folders)
        self._records: dict[tuple[str, str], dict[str, Record]] = {}
        self._events: dict[str, _Events] = {}
        for folder in folders:
            self._read(folder)

    def records(self, vendor: str, stream: str, now: datetime) -> Sequence[Record]:
        return list(self._records.get((vendor, stream), {}).values())

    def events(self, vendor: str, start: datetime, now: datetime) -> list[bytes]:
        # Times stand in the export as the vendor counted them, whatever the zone.
        lines = self._events[vendor].of(start.replace(tzinfo=UTC)) if vendor in self._events else b""
        return [lines] if lines else []

    def _read(self, folder: Path) -> None:
        vendor = folder.name
        streams: dict[str, Stream] = part(vendor, "streams").STREAMS
        for path in sorted(each for each in folder.iterdir() if not each.name.startswith(".")):
            name = _stream_name(path)
            if name not in streams:
                raise ReplayError(
                    f"{path}: {vendor} has no stream {name!r}; name the file after one of {', '.join(streams)}"
                )
            for number, line in _lines(path):
                try:
                    self._take(vendor, name, streams, line)
                except (Unfit, UnicodeDecodeError, RecursionError) as problem:
                    raise ReplayError(
                        f"{path}, line {number}: not a record of {vendor} {name}: {problem}"
                    ) from problem
        for name, stream in streams.items():
            if stream.inside is not None:
                self._put_inside(vendor, name, stream.inside)

    def _take(self, vendor: str, name: str, streams: dict[str, Stream], line: bytes) -> None:
        body = _object(line)
        if (stretch := streams[name].stretch) is not None:
            start = stretch.start(streams[name].moment(body))
            self._events.setdefault(vendor, _Events()).add(start, line)
            return
        for other, turned in streams[name].turn(body):
            target = other or name
            record = streams[target].record(turned)
            held = self._records.setdefault((vendor, target), {})
            # Of several versions of one record the vendor would show the newest.
            if record.id not in held or held[record.id].updated_at <= record.updated_at:
                held[record.id] = record

    def _put_inside(self, vendor: str, name: str, inside: tuple[str, str, str]) -> None:
        """Make records the field of the records that they belong to, where that has none."""
        stream, path, field = inside
        holders = self._records.get((vendor, stream), {})
        for record in self._records.pop((vendor, name), {}).values():
            if (holder := holders.get(str(at(record.body, path)))) is not None:
                holder.body.setdefault(field, record.body)


class Combined:
    """A replay for the vendors that it has, other data for the rest."""

    def __init__(self, replay: Replay, rest: VendorData) -> None:
        self._replay, self._rest = replay, rest

    def records(self, vendor: str, stream: str, now: datetime) -> Sequence[Record]:
        return self._of(vendor).records(vendor, stream, now)

    def events(self, vendor: str, start: datetime, now: datetime) -> list[bytes]:
        return self._of(vendor).events(vendor, start, now)

    def _of(self, vendor: str) -> VendorData:
        return self._replay if vendor in self._replay.vendors else self._rest


class _Events:
    """Event lines by the stretch of time that holds them, kept in a temporary file."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the replay
        self._places: dict[datetime, list[tuple[int, int]]] = {}

    def add(self, start: datetime, line: bytes) -> None:
        offset = self._file.seek(0, 2)
        self._file.write(line + b"\n")
        self._places.setdefault(start, []).append((offset, len(line) + 1))

    def of(self, start: datetime) -> bytes:
        parts = []
        for offset, length in self._places.get(start, []):
            self._file.seek(offset)
            parts.append(self._file.read(length))
        return b"".join(parts)


def _stream_name(path: Path) -> str:
    for suffix in SUFFIXES:
        if path.name.endswith(suffix) and path.is_file():
            return path.name.removesuffix(suffix)
    raise ReplayError(f"{path}: not a file to replay; its name should end in {' or '.join(SUFFIXES)}")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers; without the byte order mark that some editors write."""
    try:
        with gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb") as source:
            for number, line in enumerate(source, 1):
                if text := line.removeprefix(b"\xef\xbb\xbf").strip():
                    yield number, text
    except (OSError, EOFError) as problem:
        raise ReplayError(f"{path}: cannot be read ({problem})") from problem


def _object(line: bytes) -> Body:
    try:
        body = json.loads(line, parse_constant=_no_constant)
    except json.JSONDecodeError as problem:
        raise Unfit(f"no JSON ({problem}); write one record a line, whole") from None
    if not isinstance(body, dict):
        raise Unfit(f"a JSON {type(body).__name__} and no object; write one record a line, no list of them")
    return body


def _no_constant(name: str) -> Any:
    raise Unfit(f"{name} is no JSON; write null")
