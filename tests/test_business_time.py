"""Business time of tickets in SQL, against a plain-Python account of it by the clocks of zoneinfo."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sql_macros import connected, model_sql

AS_OF = date(2026, 11, 16)
FIRST_DAY = date(2026, 3, 20)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = (
    "Europe/Berlin",
    "America/Chicago",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "UTC",
)
MEASURES = ("first_reply", "first_resolution", "full_resolution", "requester_wait", "agent_wait")


@dataclass(frozen=True)
class Schedule:
    """Hours by weekday number, in minutes of the day; days off."""

    zone: str
    shifts: Mapping[int, Sequence[tuple[int, int]]]
    days_off: frozenset[date] = frozenset()

    def seconds(self, start: datetime, end: datetime) -> int:
        """Seconds between two moments (UTC) within the hours: each shift of each day, cut to the span."""
        day = start.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=2)
        total = 0
        while day <= end.astimezone(ZoneInfo(self.zone)).date() + timedelta(days=2):
            for opens, closes in () if day in self.days_off else self.shifts.get(day.weekday(), ()):
                first = max(start, self._moment(day, opens))
                last = min(end, self._moment(day, closes))
                total += max(0, int((last - first).total_seconds()))
            day += timedelta(days=1)
        return total

    def _moment(self, day: date, minutes: int) -> datetime:
        """When the clock shows that time: of an hour that comes twice the later one, of one left out the hour after it."""
        shown = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)
        zone = ZoneInfo(self.zone)
        later = shown.replace(tzinfo=zone, fold=1).astimezone(UTC)
        if later.astimezone(zone).replace(tzinfo=None) == shown:
            return later
        return shown.replace(tzinfo=zone, fold=0).astimezone(UTC)


@dataclass(frozen=True)
class Ticket:
    """`teams`: since when which team has it, the first since its creation. `stays`: since when it is in which status."""

    created_at: datetime
    teams: Sequence[tuple[datetime, str | None]]
    first_reply_at: datetime | None = None
    stays: Sequence[tuple[datetime, str]] = field(default_factory=tuple)

    def lived(self) -> list[tuple[datetime, str, datetime | None]]:
        ends: list[datetime | None] = [*(at for at, _ in self.stays), None]
        return [(at, status, end) for (at, status), end in zip(self.stays, ends[1:], strict=True)]

    def spans(self) -> dict[str, list[tuple[datetime, datetime]]]:
        solved = [at for at, status in self.stays if status == "solved"]
        found: dict[str, list[tuple[datetime, datetime]]] = {}
        if self.first_reply_at is not None:
            found["first_reply"] = [(self.created_at, self.first_reply_at)]
        if solved:
            found |= {"first_resolution": [(self.created_at, solved[0])]}
            found |= {"full_resolution": [(self.created_at, solved[-1])]}
            found |= {"requester_wait": [], "agent_wait": []}
            for at, status, end in self.lived():
                if end is not None and end <= solved[-1] and status != "solved":
                    found["agent_wait" if status == "pending" else "requester_wait"].append((at, end))
        return found

    def business_seconds(self, schedules: Mapping[str | None, Schedule]) -> dict[str, int]:
        """By measure; the schedules are those of the teams, None's that of all others."""
        ends = [*(at for at, _ in self.teams[1:]), datetime.max.replace(tzinfo=UTC)]
        result = {}
        for measure, spans in self.spans().items():
            result[measure] = 0
            for start, end in spans:
                for (since, team), until in zip(self.teams, ends, strict=True):
                    first, last = max(start, since), min(end, until)
                    if first < last:
                        result[measure] += schedules.get(team, schedules[None]).seconds(first, last)
        return result


def computed(
    schedules: Mapping[str | None, Schedule], tickets: Sequence[Ticket], as_of: date = AS_OF
) -> list[dict[str, int]]:
    """What the models make of them, a ticket each: measures that are not null."""
    with connected() as engine:
        _fill(engine, schedules, tickets, as_of)
        for model in (
            "int_calendar__business_days",
            "int_support__ticket_schedules",
            "int_support__business_times",
        ):
            engine.execute(f"create table {model} as {model_sql(model, as_of=as_of.isoformat())}")
        columns = ", ".join(f"{measure}_business_seconds" for measure in MEASURES)
        found = engine.execute(f"select ticket_id, {columns} from int_support__business_times").fetchall()
    rows = {row[0]: row[1:] for row in found}
    return [
        {
            measure: value
            for measure, value in zip(MEASURES, rows.get(str(number), ()), strict=False)
            if value is not None
        }
        for number in range(len(tickets))
    ]


def _fill(
    engine: duckdb.DuckDBPyConnection,
    schedules: Mapping[str | None, Schedule],
    tickets: Sequence[Ticket],
    as_of: date,
) -> None:
    def table(name: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        engine.execute(f"create table {name} ({columns})")
        if rows:
            places = f"({', '.join('?' * len(rows[0]))})"
            values = [value for row in rows for value in row]
            engine.execute(f"insert into {name} values {', '.join([places] * len(rows))}", values)

    calendar: list[tuple[Any, ...]] = []
    for team, schedule in schedules.items():
        name, teams = ("default", "[]") if team is None else (f"of-{team}", json.dumps([team]))
        for weekday, shifts in schedule.shifts.items():
            for opens, closes in shifts:
                hours = (f"{opens // 60:02}:{opens % 60:02}", f"{closes // 60:02}:{closes % 60:02}")
                days = json.dumps([WEEKDAYS[weekday]])
                calendar.append(("business_hours", name, schedule.zone, days, *hours, teams, "[]", None))
        calendar += [
            ("holiday", None, None, "[]", None, None, "[]", json.dumps([name]), day)
            for day in schedule.days_off
        ]
    rows = [(*row[:7], "[]", "[]", *row[7:]) for row in calendar]
    table(
        "stg_registry__calendar",
        "kind text, schedule_id text, time_zone text, weekdays text, opens_at text, closes_at text, teams text, "
        "brands text, products text, schedules text, calendar_date date",
        rows,
    )
    engine.execute(
        "create table int_calendar__days as select cast(day as date) as date_day "
        "from range(cast($first as timestamp), cast($last as timestamp), interval 1 day) as days (day)",
        {"first": FIRST_DAY, "last": as_of},
    )

    def plain(moment: datetime | None) -> datetime | None:
        return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)

    numbered = list(enumerate(tickets))
    table(
        "int_support__source_tickets",
        "ticket_id text, team_id text, brand_id text, created_at timestamp",
        [(str(number), None, None, plain(each.created_at)) for number, each in numbered],
    )
    table("int_support__ticket_features", "ticket_id text, product_id text", [])
    table(
        "int_support__source_team_events",
        "ticket_id text, team_id text, previous_team_id text, event_id text, child_number int, occurred_at timestamp",
        [
            (str(number), team, None, str(place), 1, plain(since))
            for number, each in numbered
            for place, (since, team) in enumerate(each.teams)
        ],
    )
    solved = {
        number: [at for at, status in each.stays if status == "solved"] or [None] for number, each in numbered
    }
    table(
        "int_support__tickets",
        "ticket_id text, created_at timestamp, reply_clock_at timestamp, first_reply_at timestamp, "
        "first_solved_at timestamp, solved_at timestamp",
        [
            (
                str(number),
                plain(each.created_at),
                plain(each.created_at),
                plain(each.first_reply_at),
                plain(solved[number][0]),
                plain(solved[number][-1]),
            )
            for number, each in numbered
        ],
    )
    table(
        "int_support__status_intervals",
        "ticket_id text, status text, started_at timestamp, ended_at timestamp",
        [
            (str(number), status, plain(at), plain(end))
            for number, each in numbered
            for at, status, end in each.lived()
        ],
    )


def daily(zone: str, opens: int, closes: int, days: range = range(7)) -> Schedule:
    return Schedule(zone, {day: [(opens * 30, closes * 30)] for day in days})


def test_the_worked_example_of_fivetran() -> None:
    """Its DECISIONLOG, business time metrics: Chicago to San Francisco, both schedules count, 960.1333 minutes."""
    moments = [
        datetime(2026, 9, day, *clock, tzinfo=UTC) for day, clock in ((29, (17, 1, 38)), (30, (19, 1, 25)))
    ]
    replied = datetime(2026, 9, 30, 19, 1, 46, tzinfo=UTC)
    schedules = {
        None: daily("Europe/Berlin", 18, 36),
        "chicago": daily("America/Chicago", 14, 42),
        "francisco": daily("America/Los_Angeles", 16, 35, range(5)),
    }
    ticket = Ticket(moments[0], list(zip(moments, ("chicago", "francisco"), strict=True)), replied)
    (found,) = computed(schedules, [ticket])
    assert found["first_reply"] / 60 == pytest.approx(960.1333, abs=1e-4)
    assert (replied - moments[0]).total_seconds() / 60 == pytest.approx(1560.1333, abs=1e-4)
    assert found == ticket.business_seconds(schedules)


def test_without_hours_nothing_is_known_and_out_of_hours_it_is_nothing() -> None:
    night = datetime(2026, 11, 4, 22, tzinfo=UTC)
    tickets = [
        Ticket(night, [(night, team)], night + timedelta(hours=4), [(night, "solved")])
        for team in ("late", "other")
    ]
    assert computed({}, tickets) == [{}, {}]
    found, unknown = computed({"late": daily("Europe/Berlin", 18, 36)}, tickets)
    assert found == dict.fromkeys(MEASURES, 0)
    assert unknown == {}


@st.composite
def a_schedule(draw: st.DrawFn) -> Schedule:
    shifts = {}
    for day in draw(st.sets(st.integers(0, 6), min_size=1)):
        edges = sorted(draw(st.sets(st.integers(0, 48), min_size=2, max_size=4)))
        shifts[day] = [(first * 30, last * 30) for first, last in zip(edges[::2], edges[1::2], strict=False)]
    # Both changes of the clock of most zones are days like others.
    days_off = draw(st.frozensets(st.dates(FIRST_DAY, AS_OF), max_size=6))
    return Schedule(draw(st.sampled_from(ZONES)), shifts, days_off)


@st.composite
def a_ticket(draw: st.DrawFn) -> Ticket:
    # Around the ends of summer time as often as anywhere else.
    begin = draw(
        st.sampled_from(
            [datetime(2026, 3, 27), datetime(2026, 10, 23), datetime(2026, 10, 31), datetime(2026, 7, 3)]
        )
    )
    moments = [
        (begin + timedelta(seconds=seconds)).replace(tzinfo=UTC)
        for seconds in sorted(
            draw(st.lists(st.integers(0, 12 * 86_400), min_size=6, max_size=6, unique=True))
        )
    ]
    statuses = draw(st.permutations(["open", "pending", "solved", "hold", "solved"]))
    stays = [(at, status) for at, status in zip(moments, ("new", *statuses), strict=True)]
    teams = [(moments[0], draw(st.sampled_from(["a", "b", "c"])))]
    teams += [
        (at, draw(st.sampled_from(["a", "b", "c"])))
        for at in draw(st.sets(st.sampled_from(moments[1:]), max_size=2))
    ]
    reply = draw(st.sampled_from([None, *moments]))
    return Ticket(moments[0], sorted(teams), reply, stays)


@settings(max_examples=20, deadline=None)
@given(
    st.fixed_dictionaries({None: a_schedule(), "a": a_schedule(), "b": a_schedule()}),
    st.lists(a_ticket(), min_size=1, max_size=12),
)
def test_every_span_is_what_the_clocks_on_the_walls_say(
    schedules: Mapping[str | None, Schedule], tickets: list[Ticket]
) -> None:
    assert computed(schedules, tickets) == [each.business_seconds(schedules) for each in tickets]
