"""Published metric values beside the company's own truth."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

KEY = (
    "metric",
    "grain",
    "period_start",
    "product_id",
    "feature_id",
    "team_id",
    "segment",
    "stage",
    "funnel_id",
    "step",
    "theme_id",
    "priority",
    "policy_id",
    "days",
)
# What to ask metrics.metric_values for, in this order.
COLUMNS = (*KEY, "numerator", "denominator", "value")


# Of these the truth states what happened, and nothing where nothing did: there 0 is right.
COUNTS = frozenset({
    "active_accounts_30d", "active_accounts_7d", "active_accounts_day", "active_users_30d", "active_users_7d",
    "active_users_day", "active_users_week", "deals_won", "due_date_moves", "feedback_received", "lifecycle_current_users",
    "lifecycle_dormant_users", "lifecycle_new_users", "lifecycle_resurrected_users", "new_users", "tickets_created",
})  # fmt: skip


def differences(found_rows: Iterable[Sequence[Any]], expected_rows: Iterable[dict[str, Any]]) -> list[str]:
    """Rows that are missing, rows too many, and numbers that differ; empty when all is as the company knows it.

    `found_rows` have `COLUMNS`. Metrics and times that the truth does not speak of are left out.
    """
    expected = {tuple(row[name] for name in KEY): row for row in expected_rows}
    periods: dict[tuple[Any, Any], set[Any]] = {}
    for metric, grain, start, *_ in expected:
        periods.setdefault((metric, grain), set()).add(start)
    found = {
        tuple(row[: len(KEY)]): row[len(KEY) :]
        for row in found_rows
        if (row[0], row[1]) in periods
        and min(periods[row[0], row[1]]) <= row[2] <= max(periods[row[0], row[1]])
    }
    problems = [f"missing: {key}" for key in sorted(map(str, expected.keys() - found.keys()))]
    # A number that was withdrawn since an earlier night stands there without a value.
    nothing = {
        key for key, (*_, value) in found.items() if value is None or (key[0] in COUNTS and value == 0)
    }
    more = found.keys() - expected.keys() - nothing
    problems += [f"too many: {key}" for key in sorted(map(str, more))]
    for key in expected.keys() & found.keys():
        for name, value in zip(("numerator", "denominator", "value"), found[key], strict=True):
            right = expected[key][name]
            # The truth states numerator and denominator only where the metric has them.
            if right is None and name != "value":
                continue
            if not _same(right, value):
                problems.append(f"{name} of {key}: {value}, but it is {right}")
    return problems


def _same(right: float | None, value: float | None) -> bool:
    if right is None or value is None:
        return right is None and value is None
    return bool(value == pytest.approx(right, rel=1e-9, abs=1e-9))
