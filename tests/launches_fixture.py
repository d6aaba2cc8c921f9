"""Launches made by hand, one of each verdict, for the week of `tests.reports_fixture`."""

from datetime import date, datetime, timedelta
from typing import Any

from learning.verdicts import KpiVerdict, LaunchVerdict
from reports.launches import Launch, LaunchKpi, Reading
from reports.signals import Signal

CHECKPOINTS = (1, 7, 14, 30, 90)
SURGE = Signal(
    "tickets_created", "week", date(2026, 10, 5), {"team_id": "atlas"}, 60.0, 12.0, 0.001, ("timeline",), ()
)


def reading(launched_on: date, days: int, **found: Any) -> Reading:
    return Reading(days, launched_on + timedelta(days=days), **found)


def kpi(
    launched_on: date, role: str = "primary", verdict: KpiVerdict = KpiVerdict.MET, **changes: Any
) -> LaunchKpi:
    """Adoption of the timeline, read on day 30."""
    found = {
        "first_day": launched_on + timedelta(days=20), "last_day": launched_on + timedelta(days=26), "baseline": None,
        "value": 0.35, "n": 170, "low": 0.29, "high": 0.43, "verdict": verdict, "reason": None,
    }  # fmt: skip
    readings = tuple(reading(launched_on, days, **(found if days == 30 else {})) for days in CHECKPOINTS)
    given = {
        "kpi_id": f"{role}:1", "role": role, "metric": "feature_adoption_rate", "members": ("timeline",),
        "at_least": 0.2, "at_most": None, "is_change": False, "readings": readings,
    }  # fmt: skip
    return LaunchKpi(**{**given, **changes})


def launch(launch_id: str = "timeline", launched_on: date = date(2026, 9, 29), **changes: Any) -> Launch:
    decides_on = launched_on + timedelta(days=30)
    given = {
        "launch_id": launch_id, "name": launch_id.replace("-", " ").capitalize(), "features": ("timeline",), "product_id": "studio",
        "team_id": "atlas", "owner": "team:studio", "kind": "ga", "found_by": "registry", "hypothesis": "Planners open it.",
        "retrospective": None, "planned_audience": 300, "budget": 60_000.0,
        "is_declared": True, "is_defined_before": True, "is_edited_after": False, "is_launched_before_reading": False,
        "deployed_on": launched_on - timedelta(days=1), "launched_on": launched_on, "switched_off_on": None,
        "days_from_deployment": 1, "defined_at": datetime(2026, 9, 14), "verdict": LaunchVerdict.CONFIRMED,
        "decides_on": decides_on, "decided_by": "primary:1", "is_post_hoc": False, "kpis": (kpi(launched_on),),
    }  # fmt: skip
    return Launch(**{**given, **changes})


def found(launch_id: str = "roadmap:1", **changes: Any) -> Launch:
    """One that nobody declared."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("owner", "kind", "hypothesis", "planned_audience", "budget", "deployed_on", "days_from_deployment", "defined_at",
         "decides_on", "decided_by")
    )  # fmt: skip
    undeclared = {
        "is_declared": False, "is_defined_before": False, "kpis": (), "verdict": LaunchVerdict.UNDECLARED,
        "found_by": "roadmap_item",
    }  # fmt: skip
    return launch(launch_id, **{**nothing, **undeclared, **changes})


def launches() -> tuple[Launch, ...]:
    """One of each verdict, one written afterwards, one that reached day 30 in the week."""
    refuted = date(2026, 8, 25)
    thirty_days_ago = date(2026, 10, 13)
    inconclusive = {"verdict": LaunchVerdict.INCONCLUSIVE}
    return (
        launch("soon", date(2026, 11, 10), verdict=LaunchVerdict.NOT_YET, decided_by=None),
        launch("late", thirty_days_ago, is_post_hoc=True, is_defined_before=False),
        launch(
            "few",
            date(2026, 10, 6),
            kpis=(kpi(date(2026, 10, 6), verdict=KpiVerdict.INCONCLUSIVE),),
            **inconclusive,
        ),
        launch(signals=(SURGE,)),
        launch(
            "sync", refuted, verdict=LaunchVerdict.REFUTED, kpis=(kpi(refuted, verdict=KpiVerdict.MISSED),)
        ),
        found(),
    )
