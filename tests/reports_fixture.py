"""A health report made by hand: every section has something to show."""

from datetime import date, timedelta

import pandas as pd

from reports.health import render
from reports.model import DIMENSIONS, CheckStatus, Definition, HealthReport, SourceStatus, Target

WEEK = date(2026, 11, 9)
SEGMENTS = ("smb", "mid_market", "enterprise")
_RATES = {"feature_adoption_rate", "on_time_rate", "on_time_rate_last_due", "retention_rate_d1", "retention_rate_d7",
          "retention_rate_d28", "stickiness_ratio", "features_used_rate", "funnel_conversion_rate"}  # fmt: skip


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
            ("features_used_rate", 0.84), ("on_time_rate", 0.7), ("issue_lead_time_seconds_median", 900_000),
            ("time_to_market_days_median", 75), ("tickets_created", 120), ("contact_rate", 90),
            ("first_reply_seconds_median", 7_200), ("full_resolution_seconds_median", 180_000),
            ("lifecycle_new_users", 40), ("lifecycle_current_users", 800), ("lifecycle_resurrected_users", 30),
            ("lifecycle_dormant_users", 60),
        ):  # fmt: skip
            rows.append(_row(metric, back, float(value)))
        for place, feature in enumerate(("board", "timeline", "audit_log")):
            rows.append(_row("feature_adoption_rate", back, 0.6 - 0.2 * place, feature_id=feature))
            tickets = 60.0 if feature == "timeline" and back == 5 else 6.0
            rows.append(_row("tickets_created", back, tickets, feature_id=feature))
            rows.append(_row("contact_rate", back, tickets, feature_id=feature))
            for segment in SEGMENTS:
                users = 0.0 if feature == "audit_log" and segment != "enterprise" else 0.5
                rows.append(_row("feature_adoption_rate", back, users, feature_id=feature, segment=segment))
        for team, rate in (("atlas", 0.85), ("cosmos", 0.4)):
            rows.append(_row("on_time_rate", back, rate, n=10, team_id=team))
            rows.append(_row("on_time_rate_last_due", back, 0.9, n=10, team_id=team))
            rows.append(_row("stage_time_seconds_median", back, 200_000.0, team_id=team, stage="build"))
        for stage, days in (("idea", 12.0), ("build", 30.0), ("review", 6.0)):
            rows.append(_row("time_to_market_stage_days_median", back, days, stage=stage))
        for step, reached in (("trial_started", 1.0), ("data_imported", 0.7), ("validation_passed", 0.44)):
            rows.append(_row("funnel_conversion_rate", back, reached, funnel_id="trial", step=step))
            rows.append(_row("funnel_step_seconds_median", back, 4_000.0, funnel_id="trial", step=step))
        for segment in SEGMENTS:
            rows.append(_row("first_reply_seconds_median", back, 7_000.0, segment=segment))
    return pd.DataFrame(rows)


def report(**changes: object) -> HealthReport:
    found = values()
    definitions = {
        metric: Definition(
            metric.replace("_", " ").capitalize(),
            "One sentence.",
            _unit(metric),
            "up",
            "team:product-ops",
            30,
            "M01",
        )
        for metric in found["metric"].unique()
    }
    features = pd.DataFrame(
        {
            "feature_id": ["board", "timeline", "audit_log", "gantt_export"],
            "product_id": "studio", "team_id": "atlas",
            "usage_class": ["used", "used", "used", "zombie"],
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
        "organisation": "Acme Flow", "reporting_time_zone": "Europe/Berlin", "week_start": WEEK,
        "as_of": date(2026, 11, 16), "values": found, "definitions": definitions,
        "targets": {"on_time_rate": Target(at_least=0.8)}, "features": features,
        "names": {"board": "Board", "timeline": "Timeline", "audit_log": "Audit log", "gantt_export": "Gantt export"},
        "coverage": coverage,
        "sources": (SourceStatus("zendesk", "support", "ok", "2026-11-16 01:00", 1200, False),),
        "checks": (CheckStatus("marts/core/fct_ticket", "volume__x", True, "warn", "team:support", "m", "o"),),
    }  # fmt: skip
    return HealthReport(**{**given, **changes})


def _unit(metric: str) -> str:
    return (
        "ratio"
        if metric in _RATES
        else "seconds"
        if "seconds" in metric
        else "days"
        if "days" in metric
        else "count"
    )


def example_report() -> str:
    return render(report())
