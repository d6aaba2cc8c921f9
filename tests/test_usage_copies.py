"""Which events count: copies by the vendors' keys and clocks that are wrong, against plain Python."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sql_macros import connected, model_sql

WEEK = timedelta(days=7)
START = datetime(2026, 11, 1, 22, 30)
RULES = {"as_of": "2026-11-30", "copy_days": 7, "late_event_days": 7}
COLUMNS = (
    "source text, vendor_event_key text, insert_id text, device_hash text, user_hash text, event_type text, "
    "occurred_at timestamp, uploaded_at timestamp, event_date date, event_id text, load_id text, app_account_id text, "
    "event_properties text, user_agent text, quarantine_reason text, is_zero_user boolean"
)


@dataclass(frozen=True)
class Event:
    tool: str
    device: str | None
    user: str
    insert: str
    name: str
    at: datetime

    def row(self, number: int) -> tuple[object, ...]:
        local = (self.at + timedelta(hours=1)).date()
        key = f"{self.name} {self.user} {self.at} {self.insert}" if self.tool == "mixpanel" else None
        return (
            self.tool, key, self.insert, self.device, self.user, self.name, self.at, self.at, local,
            key or f"e{number}", "load", None, "{}", None, None, False,
        )  # fmt: skip


events_of_one_tool = st.builds(
    Event,
    st.just("amplitude"),
    st.sampled_from(["d1", "d2", None]),
    st.sampled_from(["ann", "bob"]),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["open", "pay"]),
    st.integers(0, 26 * 8).map(lambda spans: START + spans * timedelta(hours=3)),
)


def apart(number: int, event: Event) -> Event:
    """The event in a history of its own: many are tried in one query. A device has one user: which of several users a copy
    has is a matter of ties.
    """
    user = {"d1": "ann", "d2": "bob"}.get(event.device or "", event.user)
    return replace(event, insert=f"{event.insert}.{number}", user=f"{user}.{number}")


histories = st.lists(
    st.tuples(st.lists(events_of_one_tool, max_size=10), st.sampled_from(["amplitude", "mixpanel"])),
    max_size=12,
)
nights = st.lists(
    st.lists(
        st.tuples(events_of_one_tool, st.sampled_from(["amplitude", "mixpanel"]), st.integers(0, 1)),
        max_size=8,
    ),
    max_size=4,
)


def counted(events: list[Event]) -> Counter[tuple[str, object]]:
    """Events that count by user and day, tool by tool as the vendors' documentation says."""
    last: dict[object, datetime] = {}
    found: Counter[tuple[str, object]] = Counter()
    for event in sorted(events, key=lambda each: each.at):
        sender = ("device", event.device) if event.device else ("user", event.user)
        if event.tool == "amplitude":
            key: object = (sender, event.insert)
        else:
            key = (event.name, event.user, event.at, event.insert)
        before, last[key] = last.get(key), event.at
        if before is None or event.at - before > WEEK:
            found[event.user, (event.at + timedelta(hours=1)).date()] += 1
    return found


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with connected() as connection:
        connection.execute(f"create table int_usage__events ({COLUMNS})")
        connection.execute(
            "create table stg_registry__feature_events (feature_id text, event_type text, property_name text, property_value text)"
        )
        connection.execute("create table stg_registry__exclusions (exclusion_id text, value text)")
        yield connection


def load(engine: duckdb.DuckDBPyConnection, events: list[Event]) -> None:
    engine.execute("delete from int_usage__events")
    rows = [each.row(number) for number, each in enumerate(events)]
    if rows:
        types = [column.split()[1] for column in COLUMNS.split(", ")]
        lists = ", ".join(f"unnest(?::{kind}[])" for kind in types)
        engine.execute(
            f"insert into int_usage__events select {lists}",
            [list(cells) for cells in zip(*rows, strict=True)],
        )


def built(engine: duckdb.DuckDBPyConnection) -> Counter[tuple[str, object]]:
    rows = engine.execute(
        "select identity_key, event_date, sum(event_count) from this where event_count > 0 group by all"
    ).fetchall()
    return Counter({(key, day): int(count) for key, day, count in rows})


@settings(max_examples=12, deadline=None)
@given(histories)
def test_an_event_counts_once_by_its_vendors_whole_key(
    engine: duckdb.DuckDBPyConnection, drawn: list[tuple[list[Event], str]]
) -> None:
    events = [
        replace(apart(number, event), tool=tool)
        for number, (held, tool) in enumerate(drawn)
        for event in held
    ]
    load(engine, events)
    engine.execute(f"create or replace table this as {model_sql('int_usage__identity_daily', **RULES)}")
    assert built(engine) == counted(events)


@settings(max_examples=12, deadline=None)
@given(nights)
def test_nights_that_add_events_give_what_one_build_of_all_gives(
    engine: duckdb.DuckDBPyConnection, drawn: list[list[tuple[Event, str, int]]]
) -> None:
    """Also which tools saw an event, which a copy on a later day changes for an earlier one."""
    nightly = [
        (replace(apart(number, event), tool=tool), night)
        for number, held in enumerate(drawn)
        for event, tool, night in held
    ]
    sql = model_sql("int_usage__identity_daily", **RULES)
    increment = model_sql("int_usage__identity_daily", is_incremental=True, **RULES)
    load(engine, [event for event, night in nightly if night == 0])
    engine.execute(f"create or replace table this as {sql}")
    load(engine, [event for event, _ in nightly])
    engine.execute(f"create or replace table news as {increment}")
    engine.execute("delete from this where event_date in (select event_date from news)")
    engine.execute("insert into this by name from news")
    engine.execute(f"create or replace table at_once as {sql}")
    columns = "event_date, identity_key, device_used_at, seen_by, event_count, raw_event_count"
    both = [
        sorted(engine.execute(f"select {columns} from {table}").fetchall(), key=str)
        for table in ("this", "at_once")
    ]
    assert both[0] == both[1]


def test_what_two_tools_saw_is_one_event_across_midnight_too(engine: duckdb.DuckDBPyConnection) -> None:
    at = datetime(2026, 11, 9, 22, 59, 59)
    first = Event("amplitude", "d1", "ann", "1", "open", at)
    load(
        engine,
        [
            first,
            replace(first, tool="mixpanel", name="Opened", at=at + timedelta(seconds=2)),
            # Mixpanel has another event under the same insert id, Amplitude took it for a repeat.
            replace(first, tool="mixpanel", name="Paid", at=at + timedelta(seconds=3)),
        ],
    )
    rows = engine.execute(
        f"select event_date, seen_by, event_count from ({model_sql('int_usage__identity_daily', **RULES)})"
    ).fetchall()
    assert sorted((str(day), seen, count) for day, seen, count in rows) == [
        ("2026-11-09", "|amplitude|mixpanel|", 1),
        ("2026-11-10", "|mixpanel|", 1),
    ]


def test_coverage_sees_the_events_whose_clocks_are_wrong(engine: duckdb.DuckDBPyConnection) -> None:
    engine.execute(
        """
        create or replace temp table int_usage__events as from (values
            ('amplitude', 'e', timestamp '2031-01-01', 'future'),
            ('amplitude', 'e', timestamp '1970-01-01', 'before_history'),
            ('amplitude', 'e', timestamp '2026-11-15', null),
            -- Within the hour that a clock may be ahead: merely too young.
            ('amplitude', 'e', timestamp '2026-11-30', null)
        ) as events (source, event_type, occurred_at, quarantine_reason);
        """
    )
    engine.execute(
        """
        alter table int_usage__events add column event_date date;
        update int_usage__events set event_date = cast(occurred_at as date);
        alter table int_usage__events add column uploaded_at timestamp default timestamp '2026-11-15';
        alter table int_usage__events add column is_zero_user boolean default false;
        create temp table int_usage__person_days as
            select 'p' as person_id, '|amplitude|' as seen_by, false as is_bot, false as is_passive,
                'f' as feature_id, 'a' as account_id, 1 as event_count;
        create temp table int_identity__persons as
            select 'p' as person_id, 'a' as account_id, false as is_internal, false as is_bot, false as is_test_account;
        create temp table int_identity__person_keys as
            select 'app' as source, 'user' as identity_type, cast(null as text) as unmatched_reason;
        """
    )
    found = engine.execute(
        f"select check_name, counted, total from ({model_sql('int_usage__coverage', **RULES)}) "
        "where check_name like 'events_quarantined%' and counted > 0"
    ).fetchall()
    assert sorted(found) == [
        ("events_quarantined_before_history", 1, 3),
        ("events_quarantined_future", 1, 3),
    ]
