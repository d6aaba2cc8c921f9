"""What a metric of a launch was at a checkpoint: as it is published, or as a change over as many days before."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import duckdb
import numpy as np

from learning import uncertainty
from learning.statistics import Sums, change_over, difference_in_differences, whole_change
from learning.verdicts import Interval
from metrics.catalogue import read_definitions
from metrics.definitions import MetricDefinition
from metrics.dimensions import DIMENSIONS
from metrics.engine import MetricEngine
from metrics.periods import next_period
from settings.units import Chance, Unit

# Before and after are compared over whole weeks, so that both have the same weekdays.
_FEWEST_WEEKS = 2


@dataclass(frozen=True)
class Kpi:
    """A metric of a launch: the member it is of by dimension (columns of `DIMENSIONS`), and its one bound."""

    launch_id: str
    kpi_id: str
    role: str
    metric: str
    cut: Mapping[str, str]
    at_least: float | None
    at_most: float | None
    is_change: bool
    window_days: int | None


@dataclass(frozen=True)
class Measured:
    """A metric at a checkpoint. `interval`: of the change where the target is one, else of the value; `reason`: why not.

    `method`: of a change, before_after or difference_in_differences; of the latter `change` is beyond `others_change`, that of the
    accounts which could not see it.
    """

    first_day: date | None = None
    last_day: date | None = None
    baseline: float | None = None
    value: float | None = None
    change: float | None = None
    n: int | None = None
    interval: Interval | None = None
    reason: str | None = None
    method: str | None = None
    others_change: float | None = None


class Measurer:
    """Of one night. `connection`: the warehouse under the name that the engine gives it; `first_day`: where history begins."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, engine: MetricEngine, as_of: date, first_day: date
    ) -> None:
        self._connection, self._engine = connection, engine
        self._as_of, self._first_day = as_of, first_day
        self._computed = {each.metric for each in engine.definitions}
        self._definitions = read_definitions(connection, "metrics.metric_definitions")

    def measure(self, kpi: Kpi, launched_on: date, days: int) -> Measured:
        """The metric so many days after a launch; the launch's own day is in no span."""
        definition = self._definitions.get(kpi.metric)
        if launched_on + timedelta(days=days) >= self._as_of:
            return Measured(reason="not_yet")
        if definition is None or set(kpi.cut) not in [set(each) for each in definition.groupings]:
            return Measured(reason="no_such_cut")
        if kpi.is_change:
            return self._change(definition, kpi, launched_on, days)
        return self._published(definition, kpi, launched_on, days)

    def _published(self, definition: MetricDefinition, kpi: Kpi, launched_on: date, days: int) -> Measured:
        """The published number of the last whole period, and that of the last one before the launch."""
        checkpoint = launched_on + timedelta(days=days)
        numbers = self._numbers(definition, kpi.cut)
        before = [
            start
            for start in numbers
            if _last_day(definition, start) + timedelta(days=definition.closes_after_days) < launched_on
        ]
        after = [
            start
            for start in numbers
            if start - timedelta(days=definition.window_days - 1) > launched_on
            and _last_day(definition, start) + timedelta(days=definition.closes_after_days) <= checkpoint
        ]
        baseline = _number(numbers[before[-1]]["value"]) if before else None
        if not after:
            return Measured(baseline=baseline, reason="no_whole_period")
        start = after[-1]
        row = numbers[start]
        found = Measured(
            start, _last_day(definition, start), baseline, _number(row["value"]), n=_whole(row["n"])
        )
        if found.value is None:
            return replace(found, reason="no_number")
        interval = _interval(definition.unit, row)
        return replace(found, interval=interval, reason=None if interval else "no_interval")

    def _numbers(self, definition: MetricDefinition, cut: Mapping[str, str]) -> dict[date, dict[str, object]]:
        """What is known of a metric of a member as of the night, by the first day of its period, in order."""
        conditions = [f"{name} is not distinct from ${name}" for name in DIMENSIONS]
        rows = self._connection.execute(
            f"""
            select period_start, value, n, numerator, denominator
            from metrics.metric_values
            where metric = $metric and as_of <= $as_of and {" and ".join(conditions)}
            qualify row_number() over (partition by period_start order by as_of desc, revision desc) = 1
            order by period_start
            """,
            {
                "metric": definition.metric,
                "as_of": self._as_of,
                **{name: cut.get(name) for name in DIMENSIONS},
            },
        ).fetchall()
        return {
            start: {"value": value, "n": n, "numerator": above, "denominator": below}
            for start, value, n, above, below in rows
        }

    def _change(self, definition: MetricDefinition, kpi: Kpi, launched_on: date, days: int) -> Measured:
        """The days after the launch against as many before, in whole weeks: exact counts, and an interval by account."""
        length = timedelta(days=7 * (days // 7))
        day = timedelta(days=1)
        before, after = (launched_on - length, launched_on - day), (launched_on + day, launched_on + length)
        if length.days < 7 * _FEWEST_WEEKS or before[0] < self._first_day:
            return Measured(reason="insufficient")
        if not self._knows_accounts(definition):
            return Measured(*after, reason="no_accounts")
        ((baseline, _), (value, n)) = (self._whole(definition, kpi.cut, span) for span in (before, after))
        found = Measured(*after, baseline, value, n=n)
        if value is None:
            return replace(found, reason="no_number")
        if not baseline:
            return replace(found, reason="no_baseline")
        seed = zlib.crc32(f"{kpi.launch_id}/{kpi.kpi_id}/{days}".encode())
        accounts, *spans = self._by_account(definition, kpi.cut, before, after)
        seeing, others = self._groups(kpi.launch_id, accounts, spans)
        apart = difference_in_differences(seeing, others, seed)
        if apart is not None:
            return replace(
                found,
                change=apart.change,
                interval=(apart.low, apart.high),
                method="difference_in_differences",
                others_change=whole_change(*others),
            )
        found = replace(found, change=value / baseline - 1, method="before_after")
        spread = change_over(spans[0], spans[1], seed)
        if spread is None:
            return replace(found, reason="few_accounts")
        return replace(found, interval=(spread.low, spread.high))

    def _groups(
        self, launch_id: str, accounts: Sequence[str], spans: Sequence[Sums]
    ) -> list[tuple[Sums, Sums]]:
        """Both spans of the accounts that could see what was launched, and of those that could not; who had nothing is there, too."""
        place = {account: number for number, account in enumerate(accounts)}
        rows = self._connection.execute(
            "select could_see, account_id from marts.bridge_launch_account where launch_id = ? order by account_id",
            [launch_id],
        ).fetchall()
        groups = []
        for asked in (True, False):
            places = np.array(
                [place.get(account, -1) for could_see, account in rows if could_see is asked], dtype=int
            )
            groups.append((spans[0].at(places), spans[1].at(places)))
        return groups

    def _knows_accounts(self, definition: MetricDefinition) -> bool:
        """Whether it is a count of facts, or one count over another, each with the account that it is of."""
        counted = [each for each in (definition.numerator, definition.denominator) if each]
        is_countable = definition.unit.chance in (Chance.SHARE, Chance.RATE, Chance.COUNT)
        return (
            is_countable
            and definition.metric in self._computed
            and bool(counted or definition.is_count)
            and definition.window_days == 1
            and all(each.startswith("marts.fct_") for each in self._engine.relations(definition.inputs))
            and "account_id" in self._engine.dimensions(definition.inputs)
        )

    def _whole(
        self, definition: MetricDefinition, cut: Mapping[str, str], span: tuple[date, date]
    ) -> tuple[float | None, int | None]:
        """The metric over some days as one period, and its n."""
        request = self._engine.compile_days(definition.inputs, tuple(sorted(cut)), *span)
        where, members = _of_members(request.dimension_columns, cut)
        row = self._connection.execute(
            f"select {definition.metric}, {definition.sample} from ({request.sql}) as compiled where {where}",
            members,
        ).fetchone()
        return (_number(row[0]), _whole(row[1])) if row else (None, None)

    def _by_account(
        self,
        definition: MetricDefinition,
        cut: Mapping[str, str],
        before: tuple[date, date],
        after: tuple[date, date],
    ) -> tuple[Sequence[str], Sums, Sums]:
        """What was counted of each account in both spans, with the accounts in their order."""
        above = definition.numerator or definition.metric
        counted = [above, *([definition.denominator] if definition.denominator else [])]
        grouping = (*sorted(cut), "account_id")
        parts = []
        for place, span in enumerate((before, after)):
            request = self._engine.compile_days(counted, grouping, *span)
            where, members = _of_members(request.dimension_columns, cut)
            names = ", ".join(f"{name} as counted_{number}" for number, name in enumerate(counted))
            parts.append(
                f"select {place} as span, {request.dimension_columns['account_id']} as account, {names} "
                f"from ({request.sql}) as compiled where {where}"
            )
        sums = ", ".join(
            f"coalesce(sum(counted_{number}) filter (where span = {place}), 0)"
            for place in (0, 1)
            for number in range(len(counted))
        )
        rows = self._connection.execute(
            f"select account, {sums} from ({' union all '.join(parts)}) group by account order by account",
            members,
        ).fetchall()
        columns = [np.array(each, dtype=float) for each in zip(*(row[1:] for row in rows), strict=True)]
        if not columns:
            columns = [np.zeros(0)] * (2 * len(counted))
        half = len(counted)
        return [str(row[0]) for row in rows], Sums(*columns[:half]), Sums(*columns[half:])


def _of_members(columns: Mapping[str, str], cut: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """A condition on the members of a cut, and its parameters."""
    conditions = [f"cast({columns[name]} as text) = ${name}" for name in cut]
    return " and ".join(conditions) or "true", dict(cut)


def _last_day(definition: MetricDefinition, start: date) -> date:
    return next_period(definition.grain, start) - timedelta(days=1)


def _interval(unit: Unit, row: Mapping[str, object]) -> Interval | None:
    if unit.chance is Chance.COUNT:
        value = _number(row["value"])
        return None if value is None else uncertainty.events(value)
    return uncertainty.interval(unit, row)


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _whole(value: object) -> int | None:
    return None if value is None else int(str(value))


def checkpoints_reached(launched_on: date, checkpoints: Sequence[int], as_of: date) -> list[int]:
    """The checkpoints whose last day is over as of a night."""
    return [each for each in checkpoints if launched_on + timedelta(days=each) < as_of]
