"""Weak signals as the report tells of them: numbers of a week that are far from what is usual for them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb


@dataclass(frozen=True)
class Signal:
    """A number far from its own season. `cut`: the member by dimension; `launches`: ids of those nearby."""

    metric: str
    grain: str
    period_start: date
    cut: Mapping[str, str]
    value: float
    expected: float
    adjusted_p: float
    launches: tuple[str, ...]
    holidays: tuple[date, ...]

    @property
    def key(self) -> str:
        """What the report's findings call a number of one cut or of the whole."""
        members = "".join(f"/{name}={member}" for name, member in self.cut.items())
        return f"{self.metric}{members}"


_SIGNALS = """
select metric, grain, period_start, cut, value, expected, adjusted_p, annotations
from metrics.signals
where period_start between $first and $last
order by abs(z) desc, signal_id
"""


def signals_of(mart: duckdb.DuckDBPyConnection, week_start: date) -> tuple[Signal, ...]:
    """The signals of a week and of its days, the farthest first; none of a mart of an older version."""
    return tuple(_read(mart, week_start, week_start + timedelta(days=6)))


def signals_after_launches(
    mart: duckdb.DuckDBPyConnection, week_end: date
) -> Mapping[str, tuple[Signal, ...]]:
    """By launch, the signals of the two weeks after it that are of its members or of all, up to a week; the farthest first."""
    found: dict[str, list[Signal]] = {}
    for signal in _read(mart, date.min, week_end):
        for launch in signal.launches:
            found.setdefault(launch, []).append(signal)
    return {launch: tuple(signals) for launch, signals in found.items()}


def _read(mart: duckdb.DuckDBPyConnection, first: date, last: date) -> Iterator[Signal]:
    ((known,),) = mart.execute(
        "select count(*) from information_schema.tables where table_schema = 'metrics' and table_name = 'signals'"
    ).fetchall()
    if not known:
        return
    days = {"first": first, "last": last}
    for metric, grain, start, cut, value, expected, p, notes in mart.execute(_SIGNALS, days).fetchall():
        told = [each.split(":", 1) for each in json.loads(notes)]
        launches = tuple(name for kind, name in told if kind == "launch")
        holidays = tuple(date.fromisoformat(day) for kind, day in told if kind == "holiday")
        yield Signal(metric, grain, start, json.loads(cut), value, expected, p, launches, holidays)
