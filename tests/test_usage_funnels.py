"""Funnels against a plain walk through each attempt, and for somebody with very many events."""

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sql_macros import connected, model_sql

START = datetime(2026, 10, 5, 10)
SQL_VARIABLES = {"as_of": "2026-11-16", "funnel_most_steps": 8}
FUNNELS = {
    "thrice": (30, ("open", "pay", "open", "open")),
    "through": (24, ("open", "edit", "pay")),
    "short": (2, ("pay", "pay")),
}
Event = tuple[str, str, datetime]


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with connected() as connection:
        connection.execute(
            """
            create table stg_registry__funnels (funnel_id text, product_id text, window_hours bigint);
            create table stg_registry__funnel_steps (funnel_id text, step_number bigint, event_type text, step text);
            create table int_usage__account_week_segments (account_id text, week_start date, segment text);
            create table int_usage__step_events
                (event_id text, person_id text, account_id text, event_type text, occurred_at timestamp, event_date date);
            """
        )
        for funnel, (hours, steps) in FUNNELS.items():
            connection.execute("insert into stg_registry__funnels values (?, 'studio', ?)", [funnel, hours])
            for number, event_type in enumerate(steps, 1):
                connection.execute(
                    "insert into stg_registry__funnel_steps values (?, ?, ?, ?)",
                    [funnel, number, event_type, f"{event_type} {number}"],
                )
        yield connection


def steps_reached(mine: list[tuple[datetime, str]], entry: int, steps: tuple[str, ...], hours: int) -> int:
    """Steps of the attempt that begins with one of somebody's events, in order of time: each takes an event of its own."""
    taken, at = {entry}, mine[entry][0]
    end = at + timedelta(hours=hours)
    for kind in steps[1:]:
        found = [
            place
            for place, (moment, what) in enumerate(mine)
            if what == kind and place not in taken and at <= moment <= end
        ]
        if not found:
            break
        taken.add(found[0])
        at = mine[found[0]][0]
    return len(taken)


def walked(events: list[Event]) -> set[tuple[str, str, date, datetime, int]]:
    """Funnel, person, week and moment of entry, and steps reached, of the best attempt of each week."""
    best: dict[tuple[str, str, date], tuple[datetime, int]] = {}
    for funnel, (hours, steps) in FUNNELS.items():
        for person in {who for who, _, _ in events}:
            mine = sorted((at, kind) for who, kind, at in events if who == person)
            for place, (entry, kind) in enumerate(mine):
                if kind == steps[0]:
                    reached = steps_reached(mine, place, steps, hours)
                    key = (funnel, person, entry.date() - timedelta(days=entry.weekday()))
                    if key not in best or reached > best[key][1]:
                        best[key] = (entry, reached)
    return {(*key, *held) for key, held in best.items()}


drawn_events = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["open", "pay", "edit"]),
        st.integers(0, 20).map(lambda steps: START + steps * timedelta(hours=4)),
    ),
    max_size=24,
)


def load(engine: duckdb.DuckDBPyConnection, events: list[Event]) -> None:
    engine.execute("delete from int_usage__step_events")
    if events:
        engine.execute(
            "insert into int_usage__step_events select e.id, e.who, 'acct', e.kind, e.at, cast(e.at as date) "
            "from (select unnest(?::text[]) as id, unnest(?::text[]) as who, unnest(?::text[]) as kind, "
            "unnest(?::timestamp[]) as at) as e",
            [
                [str(number) for number in range(len(events))],
                *(list(cells) for cells in zip(*events, strict=True)),
            ],
        )


@settings(max_examples=15, deadline=None)
@given(drawn_events)
def test_each_week_counts_the_attempt_that_a_walk_finds_best(
    engine: duckdb.DuckDBPyConnection, events: list[Event]
) -> None:
    load(engine, events)
    rows = engine.execute(
        "select funnel_id, person_id, entry_week, entry_at, count(*) filter (where is_reached) "
        f"from ({model_sql('int_usage__funnel_steps', **SQL_VARIABLES)}) group by all"
    ).fetchall()
    assert set(rows) == walked(events)


def test_somebody_with_very_many_events_is_no_more_work_than_many_with_few(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    """Each of 50,000 first steps with each later event would be more than a thousand million pairs."""
    engine.execute(
        """
        delete from int_usage__step_events;
        insert into int_usage__step_events
        select cast(number as text), 'ann', 'acct', case when number % 2 = 0 then 'open' else 'edit' end,
            timestamp '2026-10-05 10:00:00' + number * interval 1 second,
            cast(timestamp '2026-10-05 10:00:00' + number * interval 1 second as date)
        from range(100000) as numbers (number)
        """
    )
    began = time.monotonic()
    rows = engine.execute(
        f"select funnel_id, step, is_reached from ({model_sql('int_usage__funnel_steps', **SQL_VARIABLES)})"
    ).fetchall()
    assert time.monotonic() - began < 60
    assert {("through", "edit 2", True), ("through", "pay 3", False)} <= set(rows)
