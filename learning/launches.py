"""The launches of a night: each metric at each checkpoint, and the verdict, written to two tables of the warehouse.

Both are made anew each night from what is known as of it: the same night gives the same rows.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from connectors.registry.launches import CHECKPOINTS
from learning.measuring import Kpi, Measured, Measurer, checkpoints_reached
from learning.tables import write_table
from learning.verdicts import KpiVerdict, LaunchVerdict, is_post_hoc, kpi_verdict, launch_verdict
from metrics.engine import MetricEngine
from metrics.values import opened_warehouse

_CUTS = ("product_id", "feature_id", "team_id", "segment")


@dataclass(frozen=True)
class Launch:
    """A launch as `dim_launch` has it."""

    launch_id: str
    product_id: str
    is_declared: bool
    is_defined_before: bool
    is_edited_after: bool
    launched_on: date
    switched_off_on: date | None


@dataclass(frozen=True)
class Reading:
    """A metric of a launch at a checkpoint, with its verdict. `overlapping`: ids of launches on the same days."""

    kpi: Kpi
    days: int
    checkpoint_on: date
    measured: Measured
    verdict: KpiVerdict
    overlapping: Sequence[str]


@dataclass(frozen=True)
class LaunchRun:
    """What a night did. `unmeasurable`: metrics (launch and metric) that can never be measured as they are declared."""

    launches: int
    declared: int
    readings: int
    unmeasurable: tuple[str, ...]


def write_launches(warehouse: Path, engine: MetricEngine, as_of: date, first_day: date) -> LaunchRun:
    """Measure every metric of every declared launch as of a night, and write `metrics.launch_kpis` and `metrics.launches`.

    `warehouse`: the DuckDB file with marts and metric values, which nothing else may have open. `first_day`: where history
    begins. Raises FileNotFoundError without a warehouse.
    """
    with opened_warehouse(warehouse, engine.catalogue) as connection:
        launches, kpis = _launches(connection), _kpis(connection)
        measurer = Measurer(connection, engine, as_of, first_day)
        readings = [
            each
            for launch in launches
            if launch.is_declared
            for each in _readings(measurer, launch, kpis.get(launch.launch_id, ()), launches)
        ]
        connection.execute("begin")
        write_table(connection, "launch_kpis", (_kpi_row(each) for each in readings))
        write_table(connection, "launches", (_launch_row(each, readings, as_of) for each in launches))
        connection.execute("commit")
        engine.keep()
    lost = {
        f"{each.kpi.launch_id}: {each.kpi.metric}"
        for each in readings
        if each.measured.reason in ("no_such_cut", "no_accounts")
    }
    declared = sum(each.is_declared for each in launches)
    return LaunchRun(len(launches), declared, len(readings), tuple(sorted(lost)))


def _launches(connection: duckdb.DuckDBPyConnection) -> list[Launch]:
    rows = connection.execute(
        "select launch_id, product_id, is_declared, is_defined_before, is_edited_after, launched_on, switched_off_on "
        "from marts.dim_launch order by launched_on, launch_id"
    ).fetchall()
    return [Launch(*row) for row in rows]


def _kpis(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Kpi]]:
    rows = connection.execute(
        f"select launch_id, kpi_id, kpi_role, metric, {', '.join(_CUTS)}, at_least, at_most, change_at_least, change_at_most, "
        "window_days from marts.dim_launch_kpi order by all"
    ).fetchall()
    found: dict[str, list[Kpi]] = {}
    for launch_id, kpi_id, role, metric, *rest in rows:
        members, bounds, window = rest[: len(_CUTS)], rest[len(_CUTS) : -1], rest[-1]
        at_least, at_most, change_at_least, change_at_most = bounds
        is_change = at_least is None and at_most is None
        found.setdefault(launch_id, []).append(
            Kpi(
                launch_id,
                kpi_id,
                role,
                metric,
                {name: member for name, member in zip(_CUTS, members, strict=True) if member is not None},
                change_at_least if is_change else at_least,
                change_at_most if is_change else at_most,
                is_change,
                window,
            )
        )
    return found


def _readings(
    measurer: Measurer, launch: Launch, kpis: Sequence[Kpi], launches: Sequence[Launch]
) -> list[Reading]:
    found = []
    for kpi in kpis:
        for days in CHECKPOINTS:
            measured = measurer.measure(kpi, launch.launched_on, days)
            verdict = kpi_verdict(kpi.at_least, kpi.at_most, measured.interval)
            if verdict is KpiVerdict.NOT_MEASURED and measured.value is not None:
                # The number is there, but nobody can say how sure it is.
                verdict = KpiVerdict.INCONCLUSIVE
            near = [] if measured.value is None else _overlapping(launch, launches, days)
            on = launch.launched_on + timedelta(days=days)
            found.append(Reading(kpi, days, on, measured, verdict, near))
    return found


def _overlapping(launch: Launch, launches: Sequence[Launch], days: int) -> list[str]:
    """Other declared launches of the product, no further away than what is read on either side."""
    return [
        each.launch_id
        for each in launches
        if each.is_declared
        and each.launch_id != launch.launch_id
        and each.product_id == launch.product_id
        and abs((each.launched_on - launch.launched_on).days) <= days
    ]


def _kpi_row(reading: Reading) -> tuple[object, ...]:
    kpi, found = reading.kpi, reading.measured
    low, high = found.interval or (None, None)
    return (
        kpi.launch_id, kpi.kpi_id, kpi.role, kpi.metric, reading.days, reading.checkpoint_on, found.first_day, found.last_day,
        found.baseline, found.value, found.change, found.n, low, high, reading.verdict.value, found.reason,
        json.dumps(list(reading.overlapping)), found.method, found.others_change,
    )  # fmt: skip


def _launch_row(launch: Launch, readings: Sequence[Reading], as_of: date) -> tuple[object, ...]:
    if not launch.is_declared:
        return (launch.launch_id, LaunchVerdict.UNDECLARED.value, *[None] * 2, False, *[None] * 3)
    own = [each for each in readings if each.kpi.launch_id == launch.launch_id]
    window = next(each.kpi.window_days for each in own if each.kpi.window_days is not None)
    decides_on = launch.launched_on + timedelta(days=window)
    verdict, decided_by = verdict_of([each for each in own if each.days == window], decides_on < as_of)
    reached = checkpoints_reached(launch.launched_on, CHECKPOINTS, as_of)
    ahead = [each for each in CHECKPOINTS if each not in reached]
    off = launch.switched_off_on
    was_taken_back = verdict is LaunchVerdict.REFUTED and off is not None and off <= as_of
    return (
        launch.launch_id,
        verdict.value,
        decides_on,
        decided_by,
        is_post_hoc(launch.is_defined_before, launch.is_edited_after),
        reached[-1] if reached else None,
        launch.launched_on + timedelta(days=ahead[0]) if ahead else None,
        max(0, (off - decides_on).days) if was_taken_back and off else None,
    )


def verdict_of(readings: Sequence[Reading], is_over: bool) -> tuple[LaunchVerdict, str | None]:
    """The verdict by what was read on the day that decides, and the metric that made it (its `kpi_id`)."""
    if not is_over:
        return LaunchVerdict.NOT_YET, None
    primary = next(each for each in readings if each.kpi.role == "primary")
    guardrails: Mapping[str, KpiVerdict] = {
        each.kpi.kpi_id: each.verdict for each in readings if each.kpi.role == "guardrail"
    }
    breached = [name for name, verdict in guardrails.items() if verdict is KpiVerdict.MISSED]
    verdict = launch_verdict(primary.verdict, list(guardrails.values()))
    return verdict, breached[0] if breached else primary.kpi.kpi_id
