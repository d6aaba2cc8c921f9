"""Experiments made by hand, one of each verdict, for the week of `tests.reports_fixture`."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from learning.verdicts import ExperimentVerdict, KpiVerdict
from reports.experiments import Effect, Experiment, Learning, ToolResult, Variant


def effect(role: str = "primary", verdict: KpiVerdict = KpiVerdict.MET, **changes: Any) -> Effect:
    """Hints double the share of those who use the timeline."""
    given = {
        "effect_id": f"{role}:1", "variant": "1", "role": role, "measure": "adoption", "feature_id": "timeline", "at_least": 0.1,
        "at_most": None, "control_value": 0.2, "value": 0.4, "change": 1.0, "low": 0.4, "high": 1.6, "p_value": 0.0004,
        "adjusted_p": None, "detectable": 0.62, "verdict": verdict, "reason": None,
    }  # fmt: skip
    return Effect(**{**given, **changes})


BREACH = effect(
    "guardrail", KpiVerdict.MISSED, measure="tickets", feature_id=None, at_least=None, at_most=0.2, control_value=0.5,
    value=1.0, change=1.0, low=0.5, high=1.5, p_value=0.01,
)  # fmt: skip


def experiment(experiment_id: str = "hints", **changes: Any) -> Experiment:
    given = {
        "experiment_id": experiment_id, "name": experiment_id.replace("-", " ").capitalize(), "source": "registry", "flag": "hints",
        "product_id": "studio", "owner": "team:studio", "hypothesis": "Hints help.", "url": None, "stop_reason": None,
        "planned_sample": 400, "exposed": 300, "in_two_variants": 4, "is_declared": True, "is_edited_after": False,
        "started_on": date(2026, 10, 19), "planned_end_on": date(2026, 11, 15), "stopped_on": None,
        "defined_at": datetime(2026, 9, 14), "verdict": ExperimentVerdict.CONFIRMED, "decided_by": "primary:1",
        "confirmed_variant": "1", "srm_p_value": 0.4, "is_post_hoc": False, "days_left": None,
        "variants": (Variant("0", "No hints", 0.5, True, 148), Variant("1", "Hints", 0.5, False, 152)),
        "effects": (effect(),), "results": (),
    }  # fmt: skip
    return Experiment(**{**given, **changes})


def experiments() -> tuple[Experiment, ...]:
    """One of each verdict; hints ended in the week, and the broken one is still running."""
    undecided: dict[str, Any] = {"decided_by": None, "confirmed_variant": None}
    older: dict[str, Any] = {"started_on": date(2026, 9, 7), "planned_end_on": date(2026, 10, 4)}
    uneven = (Variant("0", "Board", 0.5, True, 129), Variant("1", "Compact board", 0.5, False, 53))
    theirs = (
        ToolResult(
            "growthbook",
            "Comments",
            "1",
            160,
            0.9,
            0.3,
            1.5,
            None,
            0.99,
            datetime(2026, 10, 2, 8),
            datetime(2026, 10, 1, 22),
            True,
            True,
            True,
            True,
        ),
        ToolResult("growthbook", "Days", "1", 160, 0.1, None, None, 0.04, None, None),
    )
    return (
        experiment(),
        experiment(
            "running", verdict=ExperimentVerdict.NOT_YET, planned_end_on=date(2026, 11, 29), days_left=14,
            is_post_hoc=True, **undecided,
        ),
        experiment(
            "broken", verdict=ExperimentVerdict.NOT_TRUSTED, planned_end_on=date(2026, 11, 29), days_left=14, srm_p_value=1e-8,
            variants=uneven, **undecided,
        ),
        experiment(
            "breached", verdict=ExperimentVerdict.REFUTED, decided_by="guardrail:1", confirmed_variant=None,
            effects=(effect(), effect("further", measure="uses_per_day", adjusted_p=0.2), BREACH), results=theirs, **older,
        ),
        experiment(
            "flat", verdict=ExperimentVerdict.INCONCLUSIVE, confirmed_variant=None,
            effects=(effect(verdict=KpiVerdict.INCONCLUSIVE, change=0.02, low=-0.3, high=0.34),), **older,
        ),
        experiment(
            "nothing", verdict=ExperimentVerdict.INCONCLUSIVE, confirmed_variant=None,
            effects=(
                replace(
                    effect(verdict=KpiVerdict.NOT_MEASURED, reason="nothing_under_control"),
                    control_value=0.0, change=None, low=None, high=None, detectable=None,
                ),
            ),
            **older,
        ),
        experiment(
            "hasty", verdict=ExperimentVerdict.STOPPED_EARLY, stopped_on=date(2026, 10, 30), stop_reason="It looked good.",
            planned_end_on=date(2026, 11, 29), **undecided,
        ),
        experiment(
            "growthbook:7", name="Theirs", source="growthbook", verdict=ExperimentVerdict.UNDECLARED, owner=None, hypothesis=None,
            product_id="(unknown)", planned_sample=None, is_declared=False, defined_at=None, effects=(), srm_p_value=None,
            planned_end_on=None, variants=(Variant("a", "a", None, True, 0), Variant("b", "b", None, False, 0)), exposed=0,
            **undecided,
        ),
    )  # fmt: skip


def learnings() -> tuple[Learning, ...]:
    """One that rests on experiments, of which one is not known here, and one that rests on nothing."""
    return (
        Learning("Hints help", "published", date(2026, 11, 2), ("hints",), ("flat", "elsewhere")),
        Learning("People read <little>", None, None, (), ()),
    )
