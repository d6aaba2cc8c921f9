"""Launches as the report tells of them: what was expected, what was read at each checkpoint, and the verdict as of a week."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import duckdb

from learning.verdicts import KillFast, KpiVerdict, LaunchVerdict, kill_fast
from reports.launch_items import Around, around_launches
from reports.signals import Signal, signals_after_launches

# How the files of the pages of launches begin.
PAGE = "launch-"


@dataclass(frozen=True)
class Reading:
    """A metric of a launch at a checkpoint. `low`, `high`: the 95 % interval, of the change where the target is one.

    `method`: how a change was found: before_after, or difference_in_differences, beyond `others_change`.
    """

    days: int
    checkpoint_on: date
    first_day: date | None = None
    last_day: date | None = None
    baseline: float | None = None
    value: float | None = None
    change: float | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    verdict: KpiVerdict = KpiVerdict.NOT_MEASURED
    reason: str | None = "not_yet"
    overlapping: tuple[str, ...] = ()
    method: str | None = None
    others_change: float | None = None


@dataclass(frozen=True)
class LaunchKpi:
    """A metric of a launch with its one bound; `members`: the ids that it is of."""

    kpi_id: str
    role: str
    metric: str
    members: tuple[str, ...]
    at_least: float | None
    at_most: float | None
    is_change: bool
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Launch:
    """A launch. Texts are the organisation's own; `verdict` as of the report's week, `around` as of the mart."""

    launch_id: str
    name: str
    features: tuple[str, ...]
    product_id: str
    team_id: str
    owner: str | None
    kind: str | None
    found_by: str
    hypothesis: str | None
    retrospective: str | None
    planned_audience: int | None
    budget: float | None
    is_declared: bool
    is_defined_before: bool
    is_edited_after: bool
    is_launched_before_reading: bool
    deployed_on: date | None
    launched_on: date
    switched_off_on: date | None
    days_from_deployment: int | None
    defined_at: datetime | None
    verdict: LaunchVerdict
    decides_on: date | None
    decided_by: str | None
    is_post_hoc: bool
    kpis: tuple[LaunchKpi, ...] = ()
    around: Around = field(default_factory=Around)
    signals: tuple[Signal, ...] = ()

    @property
    def page(self) -> str:
        """The file of its page."""
        return f"{PAGE}{self.launch_id}.html"

    @property
    def primary(self) -> LaunchKpi | None:
        return next((each for each in self.kpis if each.role == "primary"), None)

    @property
    def deciding(self) -> tuple[LaunchKpi, Reading] | None:
        """The metric that made the verdict, as it was read on the day that decides; None before it."""
        for kpi in self.kpis:
            if kpi.kpi_id == self.decided_by:
                return kpi, next(each for each in kpi.readings if each.checkpoint_on == self.decides_on)
        return None


_LAUNCHES = """
select launch.launch_id, launch_name, feature_ids, product_id, team_id, owner, launch_kind, found_by, hypothesis, retrospective, planned_audience, budget_home, is_declared, is_defined_before, is_edited_after,
    is_launched_before_reading, deployed_on, launched_on, switched_off_on, days_from_deployment, defined_at,
    verdict.verdict, verdict.decides_on, verdict.decided_by, verdict.is_post_hoc
from mart.dim_launch as launch
join metrics.launches as verdict using (launch_id)
order by launched_on desc, launch_id
"""
_READINGS = """
select kpi.launch_id, kpi.kpi_id, kpi.kpi_role, kpi.metric, [kpi.product_id, kpi.feature_id, kpi.team_id, kpi.segment],
    coalesce(at_least, change_at_least), coalesce(at_most, change_at_most), at_least is null and at_most is null,
    checkpoint_days, checkpoint_on, first_day, last_day, baseline, value, change, n, interval_low, interval_high, verdict,
    reason, overlapping, {method}
from metrics.launch_kpis as reading
join mart.dim_launch_kpi as kpi using (launch_id, kpi_id)
order by kpi.launch_id, kpi.kpi_role <> 'primary', kpi.kpi_role = 'guardrail', kpi.kpi_id, checkpoint_days
"""
# Of the launches' columns, those that hold JSON, and the one with the verdict.
_LISTS, _VERDICT = (2,), 21
_TABLES = ("dim_launch", "dim_launch_kpi", "launch_kpis", "launches")


def launches_of(mart: duckdb.DuckDBPyConnection, week_end: date) -> tuple[Launch, ...]:
    """Every launch up to the end of a week, the newest first, as it stood then; none of a mart of an older version."""
    ((known,),) = mart.execute(
        f"select count(*) from information_schema.tables where table_name in {_TABLES}"
    ).fetchall()
    if known < len(_TABLES):
        return ()
    kpis, around, signals = _kpis(mart), around_launches(mart), signals_after_launches(mart, week_end)
    found = []
    for row in mart.execute(_LAUNCHES).fetchall():
        given: list[Any] = list(row)
        for place in _LISTS:
            given[place] = _listed(given[place])
        given[_VERDICT] = LaunchVerdict(given[_VERDICT])
        launch = Launch(
            *[*given, tuple(kpis.get(row[0], ())), around.get(row[0], Around()), signals.get(row[0], ())]
        )
        if launch.launched_on <= week_end:
            found.append(as_of_week(launch, week_end))
    return tuple(found)


def as_of_week(launch: Launch, week_end: date) -> Launch:
    """A launch as it stood at the end of a week: what was read later is not there yet."""
    kpis = tuple(
        replace(kpi, readings=tuple(_as_of(each, week_end) for each in kpi.readings)) for kpi in launch.kpis
    )
    is_open = launch.decides_on is not None and launch.decides_on > week_end
    verdict = LaunchVerdict.NOT_YET if is_open else launch.verdict
    decided_by = None if is_open else launch.decided_by
    off = launch.switched_off_on
    return replace(
        launch,
        kpis=kpis,
        verdict=verdict,
        decided_by=decided_by,
        switched_off_on=off if off is not None and off <= week_end else None,
    )


def _as_of(reading: Reading, week_end: date) -> Reading:
    if reading.checkpoint_on <= week_end:
        return reading
    return Reading(reading.days, reading.checkpoint_on)


def _kpis(mart: duckdb.DuckDBPyConnection) -> dict[str, list[LaunchKpi]]:
    found: dict[str, dict[str, LaunchKpi]] = {}
    # A mart of an older version knows one method.
    ((has_method,),) = mart.execute(
        "select count(*) from information_schema.columns where table_name = 'launch_kpis' and column_name = 'method'"
    ).fetchall()
    sql = _READINGS.format(method="method, others_change" if has_method else "null, null")
    for launch_id, kpi_id, role, metric, members, low, high, is_change, *rest in mart.execute(sql).fetchall():
        as_read: list[Any] = [*rest[:10], KpiVerdict(rest[10]), rest[11], _listed(rest[12]), *rest[13:]]
        reading = Reading(*as_read)
        of_launch = found.setdefault(launch_id, {})
        known = of_launch.get(kpi_id) or LaunchKpi(
            kpi_id, role, metric, tuple(each for each in members if each), low, high, is_change, ()
        )
        of_launch[kpi_id] = replace(known, readings=(*known.readings, reading))
    return {launch: list(kpis.values()) for launch, kpis in found.items()}


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(str(each) for each in json.loads(text or "[]"))


def killed_fast(launches: Sequence[Launch], as_of: date) -> KillFast:
    """How fast the refuted ones were taken back."""
    return kill_fast(
        (
            (each.decides_on, each.switched_off_on)
            for each in launches
            if each.verdict is LaunchVerdict.REFUTED and each.decides_on is not None
        ),
        as_of,
    )


def by_verdict(launches: Sequence[Launch]) -> Mapping[LaunchVerdict, list[Launch]]:
    """The launches of each verdict, in the order of the verdicts."""
    return {verdict: [each for each in launches if each.verdict is verdict] for verdict in LaunchVerdict}
