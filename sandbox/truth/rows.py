"""The shape of the truth: one row a metric, period and combination of dimensions."""

from datetime import date
from typing import Any

Row = dict[str, Any]
_NUMBERS = ("numerator", "denominator", "value")


def key_of(row: Row) -> tuple[tuple[bool, str], ...]:
    """What tells a row from every other one, in the order of its columns; a dimension that stands for all comes first."""
    return tuple((value is not None, str(value)) for name, value in row.items() if name not in _NUMBERS)


def row(
    metric: str,
    grain: str,
    period_start: date,
    *,
    value: float | None = None,
    numerator: float | None = None,
    denominator: float | None = None,
    product_id: str | None = None,
    feature_id: str | None = None,
    team_id: str | None = None,
    segment: str | None = None,
    stage: str | None = None,
    funnel_id: str | None = None,
    step: str | None = None,
    theme_id: str | None = None,
    priority: str | None = None,
    policy_id: str | None = None,
    days: str | None = None,
) -> Row:
    """A row as `truth` returns it; a dimension that is None stands for all. `grain` is day, week or month."""
    return {
        "metric": metric,
        "grain": grain,
        "period_start": period_start,
        "product_id": product_id,
        "feature_id": feature_id,
        "team_id": team_id,
        "segment": segment,
        "stage": stage,
        "funnel_id": funnel_id,
        "step": step,
        "theme_id": theme_id,
        "priority": priority,
        "policy_id": policy_id,
        "days": days,
        "numerator": numerator,
        "denominator": denominator,
        "value": value,
    }


def ratio_row(
    metric: str,
    grain: str,
    period_start: date,
    numerator: float,
    denominator: float,
    **dimensions: str | None,
) -> Row:
    """A row of a share, whose value is None when there is nothing to share."""
    value = numerator / denominator if denominator else None
    return row(
        metric, grain, period_start, value=value, numerator=numerator, denominator=denominator, **dimensions
    )
