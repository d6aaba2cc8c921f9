"""Changes to single records of a running sandbox, for any vendor and stream: edited, flipped, grown, deleted, broken."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.vendors.record import Record

# As a value of `Alteration.fields`: the field is taken away.
REMOVED = object()
EPOCH_MILLISECONDS = 100_000_000_000


@dataclass(frozen=True)
class Alteration:
    """What the vendor shows of one record from `at` (aware UTC) on.

    `fields`: dotted path into the record -> new value, or `REMOVED`. `touched`: dotted paths of its times of change,
    which become `at` in the notation in which they stand there. `archived`: into or out of the vendor's archive (None:
    as it was). `gone`: the vendor shows it no longer.
    """

    vendor: str
    stream: str
    record_id: str
    at: datetime
    fields: Mapping[str, Any] = field(default_factory=dict)
    touched: tuple[str, ...] = ()
    archived: bool | None = None
    gone: bool = False


class Alterations:
    """The alterations in force, in the order in which they were made."""

    def __init__(self) -> None:
        self._made: list[Alteration] = []

    def add(self, alteration: Alteration) -> None:
        self._made.append(alteration)

    def clear(self) -> None:
        self._made = []

    def apply(self, vendor: str, stream: str, records: Sequence[Record], now: datetime) -> list[Record]:
        """The records as they are at `now`; the given ones are not changed."""
        made: dict[str, list[Alteration]] = {}
        for each in self._made:
            if (each.vendor, each.stream) == (vendor, stream) and each.at <= now:
                made.setdefault(each.record_id, []).append(each)
        result: list[Record] = []
        for record in records:
            shown: Record | None = record
            for each in made.get(record.id, ()):
                shown = None if shown is None else _altered(shown, each)
            if shown is not None:
                result.append(shown)
        return result


def _altered(record: Record, alteration: Alteration) -> Record | None:
    if alteration.gone:
        return None
    body = copy.deepcopy(record.body)
    for path, value in alteration.fields.items():
        _set(body, path.split("."), value)
    for path in alteration.touched:
        *parents, last = path.split(".")
        holder = body
        for parent in parents:
            holder = holder[parent]
        holder[last] = _noted_like(holder.get(last), alteration.at)
    archived = record.archived if alteration.archived is None else alteration.archived
    return Record(record.id, max(record.updated_at, alteration.at), body, archived)


def _set(holder: Any, path: Sequence[str], value: Any) -> None:
    *parents, last = path
    for parent in parents:
        holder = holder[int(parent)] if isinstance(holder, list) else holder[parent]
    if value is REMOVED:
        holder.pop(last, None)
    else:
        holder[last] = value


def _noted_like(held: Any, moment: datetime) -> Any:
    """`moment` in the notation of `held`: seconds or milliseconds since 1970, or ISO text of the same precision."""
    moment = moment.astimezone(UTC)
    if isinstance(held, int | float):
        seconds = int(moment.timestamp())
        return seconds * 1000 if held >= EPOCH_MILLISECONDS else seconds
    text = str(held or "Z")
    if text.isdigit():
        return str(_noted_like(int(text), moment))
    fraction = f".{moment.microsecond // 1000:03d}" if "." in text else ""
    zone = "Z" if text.endswith("Z") else "+00:00" if text[-3:-2] == ":" else "+0000"
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}{zone}"
