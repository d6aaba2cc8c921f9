"""A health report made by hand: every section has something to show."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pandas as pd

from checks.contract import CheckStatus
from metrics.definitions import MetricDefinition
from metrics.dimensions import DIMENSIONS
from reports.glossary import Entry, Glossary, MetricEntry, Texts
from reports.health import render, render_pages
from reports.irritants import Irritant
from reports.model import HealthReport, Restatement, SourceStatus, Target
from reports.weeks import Revision, Week
from settings.units import Unit

# People cannot get on with the timeline.
ERRORS = Irritant("timeline", "errors", 9, 1, 5, 3, 12_000.0, "trial", "project_created", 4, 7, 2, "rising")
WEEK = date(2026, 11, 9)
SEGMENTS = ("smb", "mid_market", "enterprise")
_RATES = {"feature_adoption_rate", "on_time_rate", "on_time_rate_last_due", "retention_rate_d1", "retention_rate_d7",
          "retention_rate_d28", "stickiness_ratio", "features_used_rate", "funnel_conversion_rate", "csat_rate", "change_failure_rate", "sprint_predictability", "one_touch_rate",
          "deployment_frequency", "roadmap_link_rate", "feature_repeat_use_rate", "ticket_csat_rate", "team_pulse_rate",
          "feedback_negative_rate", "feature_breadth_rate", "stickiness_exact_days_rate",
          "stickiness_at_least_days_rate", "retention_unbounded_rate_d1", "retention_unbounded_rate_d7",
          "retention_unbounded_rate_d28"}  # fmt: skip


def _row(metric: str, weeks_back: int, value: float, n: int = 100, **dimensions: str) -> dict[str, object]:
    is_rate = metric in _RATES
    return {
        "metric": metric, "grain": "week", "period_start": WEEK - timedelta(weeks=weeks_back),
        **{name: dimensions.get(name) for name in DIMENSIONS},
        "numerator": value * n if is_rate else value, "denominator": float(n), "value": value, "n": n, "revision": 1,
    }  # fmt: skip


def values() -> pd.DataFrame:
    rows = []
    for back in range(13):
        for metric, value in (
            ("active_users_week", 900 - 10 * back), ("new_users", 40), ("stickiness_ratio", 0.22),
            ("retention_rate_d1", 0.5), ("retention_rate_d7", 0.3), ("retention_rate_d28", 0.2),
            ("retention_unbounded_rate_d1", 0.7), ("retention_unbounded_rate_d7", 0.6), ("retention_unbounded_rate_d28", 0.4),
            ("features_used_rate", 0.84), ("on_time_rate", 0.7), ("issue_lead_time_seconds_median", 900_000),
            ("time_to_market_days_median", 75), ("tickets_created", 120), ("contact_rate", 90),
            ("first_reply_seconds_median", 7_200), ("full_resolution_seconds_median", 180_000),
            ("lifecycle_new_users", 40), ("lifecycle_current_users", 800), ("lifecycle_resurrected_users", 30),
            ("lifecycle_dormant_users", 60), ("csat_rate", 0.75), ("change_failure_rate", 0.1),
            ("sprint_predictability", 0.8), ("one_touch_rate", 0.5), ("roadmap_link_rate", 0.6), ("zombie_features", 1),
            ("ticket_csat_rate", 0.8), ("feedback_received", 12),
        ):  # fmt: skip
            rows.append(_row(metric, back, float(value)))
        for number, exactly, at_least in (("1", 0.5, 1.0), ("2", 0.375, 0.5), ("3", 0.125, 0.125)):
            rows.append(_row("stickiness_exact_days_rate", back, exactly, days=number))
            rows.append(_row("stickiness_at_least_days_rate", back, at_least, days=number))
        # Sums over people: neither is the number of people.
        rows.append(_row("feature_breadth_rate", back, 0.2) | {"numerator": 250.0, "denominator": 1250.0})
        for place, feature in enumerate(("board", "timeline", "audit_log")):
            rows.append(_row("feature_adoption_rate", back, 0.6 - 0.2 * place, feature_id=feature))
            tickets = 60.0 if feature == "timeline" and back == 5 else 6.0
            rows.append(_row("tickets_created", back, tickets, feature_id=feature))
            rows.append(_row("contact_rate", back, tickets, feature_id=feature))
            rows.append(_row("csat_rate", back, 0.8 - 0.2 * place, n=40 if place else 12, feature_id=feature))
            rows.append(_row("feedback_received", back, 5.0 - 2 * place, feature_id=feature))
            rows.append(_row("feedback_negative_rate", back, 0.25 * place, n=4, feature_id=feature))
            rows.append(_row("feature_repeat_use_rate", back, 0.5 + 0.1 * place, feature_id=feature))
            rows.append(_row("feature_use_days_mean", back, 2.5 - 0.5 * place, feature_id=feature))
            rows.append(_row("feature_uses_median", back, 6.0 - place, feature_id=feature))
            for segment in SEGMENTS:
                users = 0.0 if feature == "audit_log" and segment != "enterprise" else 0.5
                rows.append(_row("feature_adoption_rate", back, users, feature_id=feature, segment=segment))
        for team, rate in (("atlas", 0.85), ("cosmos", 0.4)):
            rows.append(_row("on_time_rate", back, rate, n=10, team_id=team))
            rows.append(_row("on_time_rate_last_due", back, 0.9, n=10, team_id=team))
            rows.append(_row("stage_time_seconds_median", back, 200_000.0, team_id=team, stage="build"))
            rows.append(_row("deployment_frequency", back, 0.5, n=7, team_id=team))
            rows.append(_row("change_failure_rate", back, 0.1, team_id=team))
        for stage in ("coding", "review", "waiting_for_deployment"):
            rows.append(_row("pull_request_stage_seconds_median", back, 40_000.0, stage=stage))
        rows.append(_row("roadmap_link_rate", back, 0.6, product_id="studio"))
        for stage, days in (("idea", 12.0), ("build", 30.0), ("review", 6.0)):
            rows.append(_row("time_to_market_stage_days_median", back, days, stage=stage))
        for step, reached in (("trial_started", 1.0), ("data_imported", 0.7), ("validation_passed", 0.44)):
            rows.append(_row("funnel_conversion_rate", back, reached, funnel_id="trial", step=step))
            rows.append(_row("funnel_step_seconds_median", back, 4_000.0, funnel_id="trial", step=step))
        for segment in SEGMENTS:
            rows.append(_row("first_reply_seconds_median", back, 7_000.0, segment=segment))
    for months_back, score in enumerate((20.0, 30.0)):
        for metric, value in (("nps", score), ("nps_standard_error", 5.0)):
            rows.append(_row(metric, 0, value) | _month(months_back))
        for place, team in enumerate(("atlas", "(hidden)")):
            pulse = _row("team_pulse_rate", 0, 0.7 - 0.1 * place + 0.05 * months_back, n=20, team_id=team)
            rows.append(pulse | _month(months_back))
    return pd.DataFrame(rows)


def _month(months_back: int) -> dict[str, object]:
    return {"grain": "month", "period_start": date(2026, 10 - months_back, 1)}


# What each metric of the fixture is made from, as far as a test asks.
FAMILIES = {
    "tickets_created": ("support",), "contact_rate": ("support", "product_analytics"), "on_time_rate": ("delivery",),
    "first_reply_seconds_median": ("support",),
}  # fmt: skip


@cache
def pages() -> dict[str, str]:
    """All pages of the report as it is."""
    return render_pages(report())


def report(**changes: object) -> HealthReport:
    found = values()
    definitions = {
        metric: MetricDefinition(
            metric=metric,
            label=metric.replace("_", " ").capitalize(),
            subject="subject",
            description="One sentence.",
            owner="team:product-ops",
            unit=Unit(_unit(metric)),
            good_direction="up",
            grain="week",
            groupings=((),),
            specification="M01",
            sample=metric,
            minimum_sample=30,
            families=FAMILIES.get(metric, ()),
        )
        for metric in found["metric"].unique()
    }
    for metric in ("nps", "team_pulse_rate"):
        definitions[metric] = replace(definitions[metric], grain="month")
    features = pd.DataFrame(
        {
            "feature_id": ["board", "timeline", "audit_log", "gantt_export"],
            "product_id": "studio", "team_id": "atlas",
            "usage_class": ["used", "used", "used", "zombie"],
            "adoption_rate": [0.6, 0.4, 0.2, 0.0], "adoption_rate_median": [0.4, 0.4, 0.4, None],
            "use_days_mean": [2.5, 2.0, 1.5, None], "use_days_mean_median": [2.0, 2.0, 2.0, None],
            "quadrant": ["many_often", "many_often", "few_seldom", None],
            "eligible_users_90d": 900, "adoption_target": [0.6, 0.2, 0.1, 0.1],
            "launched_on": [date(2024, 3, 5), date(2026, 9, 29), date(2025, 9, 8), date(2025, 6, 10)],
        }
    )  # fmt: skip
    coverage = pd.DataFrame(
        {
            "subject": ["tickets"], "source": ["zendesk"], "check_name": ["tickets_tagged_with_feature"], "counted": [80], "total": [100],
            "coverage_rate": [0.8], "explanation": ["Tickets that carry a feature's tag"],
        }
    )  # fmt: skip
    given = {
        "organisation": "Acme Flow", "reporting_time_zone": "Europe/Berlin", "week_starts_on": "monday", "week_start": WEEK,
        "as_of": date(2026, 11, 16), "values": found, "definitions": definitions,
        "targets": {"on_time_rate": Target(at_least=0.8)}, "features": features,
        "names": {"board": "Board", "timeline": "Timeline", "audit_log": "Audit log", "gantt_export": "Gantt export"},
        "coverage": coverage,
        "sources": (SourceStatus("zendesk", "support", "ok", "2026-11-16 01:00", 1200, False),),
        "checks": (CheckStatus("marts/core/fct_ticket", "volume__x", True, "warn", "team:support", "m", "o"),),
        "revision": 2,
        "restatements": (
            Restatement("new_users", (), "week", WEEK, 38.0, 38, date(2026, 11, 14), 40.0, 40, date(2026, 11, 16)),
        ),
    }  # fmt: skip
    return HealthReport(**{**given, **changes})


def _unit(metric: str) -> str:
    return (
        "ratio"
        if metric in _RATES
        else "points"
        if metric.startswith("nps")
        else "tickets_per_1000_users"
        if metric == "contact_rate"
        else "seconds"
        if "seconds" in metric
        else "days"
        if "days" in metric
        else "count"
    )


def example_report() -> str:
    return render(report())


def weeks() -> list[Week]:
    """Two weeks, one of them restated twice."""
    return [
        Week("2026-W46", WEEK, WEEK + timedelta(days=6), ("leadership.html",), ()),
        Week(
            "2026-W45", WEEK - timedelta(days=7), WEEK - timedelta(days=1), ("leadership.html", "team-atlas.html"),
            (Revision(2, date(2026, 11, 12), 1, True), Revision(3, date(2026, 11, 14), 7, True)),
        ),
    ]  # fmt: skip


def glossary() -> Glossary:
    """One entry of each kind."""
    on_time = replace(
        report().definitions["on_time_rate"],
        exclusions="Epics.",
        known_gaps="Time is calendar time.",
    )
    metric = MetricEntry(on_time, "delivery", ("jira",), 0.7, 34, WEEK)
    return Glossary(
        organisation="Acme Flow",
        as_of=date(2026, 11, 16),
        groups=[Entry("delivery", Texts("Delivery", "How long work takes."))],
        metrics=[metric],
        stages=[
            Entry("build", Texts("Build", "Somebody works on it."), {"fr": Texts(description="En cours.")})
        ],
        segments=[Entry("smb", Texts("small business", "A small customer."))],
        events=[Entry("board_opened", Texts(description="A board was opened."), uses=("Board",))],
        roles=[Entry("team:product-ops", Texts("Product Ops", "Answers for this report."))],
    )
