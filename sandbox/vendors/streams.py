"""How a line of an export becomes a record of a vendor's stream, so that the vendor's routes can show it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sandbox.vendors.record import Record

Body = dict[str, Any]
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Unfit(ValueError):
    """What a line lacks to be a record of its stream, and what to do."""


class Stretch(StrEnum):
    """How long a piece of an export of events is."""

    hour = "hour"
    day = "day"

    def start(self, moment: datetime) -> datetime:
        """The beginning of the piece that holds a moment, in the moment's time zone."""
        moment = moment.replace(minute=0, second=0, microsecond=0)
        return moment.replace(hour=0) if self is Stretch.day else moment


def itself(body: Body) -> Iterable[tuple[str | None, Body]]:
    """A line that is the record of its own stream."""
    yield None, body


@dataclass(frozen=True)
class Stream:
    """What a line of `<stream>.jsonl` must have; paths are dotted.

    `key`: what makes the record's id, joined by colons.
    `changed`: the moments by which the vendor orders records: the first that is there; none: the epoch.
    `needs`: what else the routes go by; `numbers`: those of all of these that are whole numbers, as text or not.
    `hint`: where somebody finds what the API leaves out.
    `archived`: says that the record is in the vendor's archive or bin.
    `turn`: makes records of a line: pairs of a stream (None: this one) and a body.
    `inside`: (stream, path of its id, field): the line is no record, but that field of another stream's record.
    `stretch`: the lines are events, exported by pieces of the time in `changed`.
    """

    key: tuple[str, ...] = ("id",)
    changed: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    hint: str = ""
    archived: str = "archived"
    turn: Callable[[Body], Iterable[tuple[str | None, Body]]] = itself
    inside: tuple[str, str, str] | None = None
    stretch: Stretch | None = None

    def record(self, body: Body) -> Record:
        """Unfit: a part of the key or another needed value is missing, or the moment is none."""
        for path in (*self.key, *self.needs):
            if at(body, path) in (None, ""):
                raise Unfit(f"it has no {path!r}{f': {self.hint}' if self.hint else ''}")
        for path in self.numbers:
            if not str(at(body, path)).isdecimal():
                raise Unfit(f"{path!r} is no whole number: {str(at(body, path))[:40]!r}")
        record_id = ":".join(str(at(body, path)) for path in self.key)
        return Record(record_id, self.moment(body), body, at(body, self.archived) is True)

    def moment(self, body: Body) -> datetime:
        """The moment of change of a record, or of an event. Unfit: it cannot be read, or an event has none."""
        for path in self.changed:
            value = at(body, path)
            if value not in (None, ""):
                return _moment(path, value)
        if self.stretch is not None:
            raise Unfit(f"it has none of {', '.join(self.changed)}")
        return LONG_AGO


def at(body: Any, path: str) -> Any:
    """The value at a dotted path; None where there is no such place."""
    for name in path.split("."):
        if not isinstance(body, Mapping):
            return None
        body = body.get(name)
    return body


def _moment(path: str, value: Any) -> datetime:
    """ISO text or "2026-11-09 10:11:12.123" (UTC), seconds or milliseconds since 1970."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        raise Unfit(
            f"{path!r} is no moment: {str(value)[:40]!r}; write it like 2026-11-16T01:00:00Z"
        ) from None
