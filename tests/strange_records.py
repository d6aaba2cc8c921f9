"""Strange twins of a home's raw records: copies that know only each other, each with one value that nobody expects.

`Twins` copies what a sound sample holds under ids, keys, people and addresses of its own, once for each world, so that a
strange record is never joined to a sound one. In every copy one place is changed; every place of every stream has its turn.
"""

import copy
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from connectors import SOURCES, connector_class
from connectors.batch import Batch
from connectors.contract import Page, RawRecord
from connectors.forgotten_records import ForgottenRecords
from connectors.raw_store import Booking, RawStore

# What other records refer to by name, and few have: twins refer to the sound ones.
SHARED = {
    "jira": ("projects", "statuses", "fields"),
    "github": ("repositories",),
    "hubspot": ("owners",),
    "intercom": ("admins",),
    "salesforce": ("users",),
    "typeform": ("forms",),
}
MOST_CHANGES = 400
GONE = object()
DEEP: Any = 1
for _ in range(150):
    DEEP = [DEEP]
_PERSONS = re.compile(r"\b(usr_|acct_|device-|id(?=[0-9a-f]{8,}-))|(?<=[A-Z]{3}-)(?=\d)|(?=\.example\b)")

moments = st.one_of(
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    st.sampled_from(
        [
            "1970-01-01T00:00:00Z", "0000-00-00", "-4712-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z",
            "294247-01-10T04:00:54.775Z", "infinity", "-infinity", "2026-02-30", "2026-11-10T25:61:00Z", "epoch",
            "2026-11-10T10:00:00+99:99", "10.11.2026", "11/10/26 10:00 PM", "hier", "1794304800", "1794304800000",
            "-1", "1e400", "2027-11-10T10:00:00Z", "2026-11-10 10:00:00 Europe/Berlin", "290308-12-22 BC",
        ]
    ),
)  # fmt: skip
numbers = st.one_of(
    st.sampled_from(
        [0, -1, -0.5, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 10**30, 1e300, -1e300, 5e-324, 1e18]
    ),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
)
texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "", " ", "null", "NULL", "None", "true", "FALSE", "yes", "0", "00012", "NaN", "Infinity", "1,5", "1 000",
            "0x10", "'", '"', "'; drop table x; --", "{{ x }}", "\\", "a;b;;c", ",,", "501,,502", "[", "]", "{", "[]",
            "{}", '[1, "a"', '{"a": {"b": [null]}}', '["backend", "ui"]', "половина", "待办", "مرحبا", "\ud83d",
            "a\x00b", "\u202e", "<b>x</b>", "x" * 100_000, "com.x.Sprint@1f[id=S501,state=,name=a,b=c,startDate=<null>]",
        ]
    ),
)  # fmt: skip
scalars = st.one_of(st.none(), st.booleans(), numbers, texts, moments, moments.map(lambda each: each[:10]))
shapes = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
# A value in place of the one that is there, or what becomes of that one.
values = st.one_of(
    st.tuples(st.just("value"), st.one_of(scalars, moments, shapes, st.just(DEEP))),
    st.tuples(st.sampled_from(["gone", "in a list", "in an object", "as text", "twice", "first", "negative"]), st.none()),
)  # fmt: skip


def drawn(count: int, number: int) -> list[tuple[str, Any]]:
    """So many changes, drawn by Hypothesis; `number` is the seed."""
    found: list[tuple[str, Any]] = []

    @seed(number)
    @settings(max_examples=count, database=None, phases=[Phase.generate], deadline=None)
    @given(values)
    def draw(change: tuple[str, Any]) -> None:
        found.append(change)

    draw()
    return found


def changed(held: Any, change: tuple[str, Any]) -> Any:
    """What becomes of a value."""
    kind, value = change
    if kind == "value":
        return value
    if kind == "gone":
        return GONE
    if kind == "first":
        return held[0] if isinstance(held, list) and held else [held]
    if kind == "negative":
        return -held if isinstance(held, int | float) and not isinstance(held, bool) else f"-{held}"
    if kind == "as text":
        return json.dumps(held)
    return {"in a list": [held], "in an object": {"value": held}, "twice": [held, held]}[kind]


@dataclass(frozen=True)
class Strange:
    """A record of a stream, and what was changed in it."""

    source: str
    stream: str
    record: RawRecord
    place: str
    change: tuple[str, Any]


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of everything in a JSON value; of a list only the first item and the last."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from places(inner, (*path, name))
    elif isinstance(value, list) and value:
        for number in {0, len(value) - 1}:
            yield (*path, number)
            yield from places(value[number], (*path, number))


def with_change(record: Any, path: tuple[str | int, ...], change: tuple[str, Any]) -> Any:
    """A copy of a JSON value with one place changed."""
    record = copy.deepcopy(record)
    holder = record
    for name in path[:-1]:
        holder = holder[name]
    new = changed(holder[path[-1]], change)
    if new is GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = new
    return record


class Twins:
    """The strange twins of a sample: `sample` is the records of each source and stream, as raw holds them."""

    def __init__(
        self, sample: Mapping[tuple[str, str], Sequence[RawRecord]], worlds: int, number: int
    ) -> None:
        self._sample, self._worlds = sample, worlds
        self._changes, self._dice = drawn(MOST_CHANGES, number), random.Random(number)

    def records(self) -> Iterator[Strange]:
        for (source, stream), records in sorted(self._sample.items()):
            if not records:
                continue
            tokens = {
                _token(record.record_id)
                for (of, name), others in self._sample.items()
                if of == source and name not in SHARED.get(source, ())
                for record in others
            }
            copies = [
                self._twin(record, tokens | {_token(record.record_id)}, world)
                for world in range(self._worlds)
                for record in records
            ]
            yield from self._spoiled(source, stream, copies)

    def _twin(self, record: RawRecord, tokens: set[str], world: int) -> tuple[RawRecord, Any]:
        def renamed(value: Any, name: str = "") -> Any:
            if isinstance(value, dict):
                return {key: renamed(inner, key) for key, inner in value.items()}
            if isinstance(value, list):
                return [renamed(inner, name) for inner in value]
            if isinstance(value, bool) or value is None:
                return value
            if str(value) in tokens:
                return type(value)(_other(str(value), world))
            return (
                _PERSONS.sub(lambda found: f"{found[0]}9{world}", value) if isinstance(value, str) else value
            )

        token = _token(record.record_id)
        record_id = record.record_id.removesuffix(token) + _other(token, world)
        return record._replace(record_id=record_id), renamed(json.loads(record.record))

    def _spoiled(self, source: str, stream: str, copies: list[tuple[RawRecord, Any]]) -> Iterator[Strange]:
        turns: dict[str, int] = {}
        for record, body in copies:
            change = self._dice.choice(self._changes)
            own = _token(record.record_id)
            # What begins so is the connector's own.
            paths = [
                path
                for path in places(body)
                if str(_at(body, path)) != own and not str(path[0]).startswith("_")
            ]
            # The place that had its turn least often.
            path = min(paths, key=lambda each: turns.get(_shown(each), 0))
            turns[_shown(path)] = turns.get(_shown(path), 0) + 1
            text = json.dumps(with_change(body, path, change), ensure_ascii=len(text_of(change)) % 2 == 0)
            yield Strange(source, stream, record._replace(record=text), _shown(path), change)


def text_of(change: tuple[str, Any]) -> str:
    return f"{change[0]} {ascii(change[1])[:80]}"


def _at(body: Any, path: tuple[str | int, ...]) -> Any:
    for name in path:
        body = body[name]
    return body


def _shown(path: tuple[str | int, ...]) -> str:
    return ".".join("0" if isinstance(name, int) else name for name in path)


def _token(record_id: str) -> str:
    """What of a record's id is its own."""
    return re.split(r"[:#/]", record_id)[-1]


def _other(token: str, world: int) -> str:
    if token.isdigit():
        return f"{10 + world}{token:0>6}"
    return f"{token}~{world}" if len(token) != 36 else f"{world:04x}{token[4:]}"


def sample_of(home: Path, most: int) -> dict[tuple[str, str], list[RawRecord]]:
    """The first records of every stream of a home's raw files, without the registry."""
    found = {}
    for source in SOURCES:
        if source == "registry":
            continue
        with duckdb.connect(str(home / "raw" / f"{source}.duckdb"), read_only=True) as raw:
            for stream in connector_class(source).streams:
                rows = raw.execute(
                    f"select record_id, record_version, record, is_deleted from raw_{source}.{stream.name} "
                    "order by try_cast(record_id as bigint) desc, record_version desc, record_id limit ?",
                    [most],
                ).fetchall()
                found[source, stream.name] = [RawRecord(*row) for row in rows]
    return found


def put(
    home: Path, records: Mapping[tuple[str, str], Sequence[RawRecord]], until: datetime, folder: Path
) -> None:
    """Load records into a home's raw files by way of the batch that every connector's pages take."""
    for source in {source for source, _ in records}:
        with RawStore(home, source, connector_class(source).streams) as store:
            store.start_run(f"{until}", until)
            nobody = ForgottenRecords(source, home, {}, store)
            for stream in connector_class(source).streams:
                load_id = f"load-{len(records.get((source, stream.name), ()))}-{until:%H%M%S}"
                with Batch(store, stream, load_id, until, folder, nobody) as batch:
                    batch.add(Page(list(records.get((source, stream.name), ()))))
                    batch.finish()
                    if batch.new_count:
                        store.connection.execute(
                            f"insert into {store.table(stream.name)} from read_parquet('{batch.file}')"
                        )
                    booking = Booking(
                        load_id, "loaded", batch.fetched, batch.new_count, batch.duplicates,
                        len(batch.quarantined), batch.mended,
                    )  # fmt: skip
                    store.book(stream.name, None, booking, until, quarantined=batch.quarantined)
            store.finish_run(f"{until}", "ok", None)
