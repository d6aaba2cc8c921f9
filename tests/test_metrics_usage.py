"""How much the product is used: each number as one counts it by hand, from a handful of rows in its model."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from metrics.values import append_metric_values
from tests.metric_warehouse import create_warehouse, engine_of, insert, manifest_of, value

METRICS = (
    "activation_rate",
    "activation_days_median",
    "feature_uses_median",
    "feature_uses_p90",
    "feature_use_days_median",
    "feature_use_days_p90",
    "feature_use_days_mean",
    "feature_breadth_rate",
    "stickiness_exact_days_rate",
    "stickiness_at_least_days_rate",
    "retention_unbounded_rate_d1",
    "retention_unbounded_rate_d7",
    "retention_bracket_rate",
)
W46 = date(2026, 11, 9)


def uses(
    person: str, feature: str, count: int, days: int, product: str = "studio", segment: str = "smb"
) -> tuple[Any, ...]:
    return (person, feature, product, "atlas", W46, segment, count > 0, count, days)


ROWS: dict[str, list[tuple[Any, ...]]] = {
    "intermediate.int_usage__activations": [
        ("p1", "studio", W46, "smb", True, 1),
        ("p2", "studio", date(2026, 11, 12), "smb", True, 4),
        ("p3", "studio", date(2026, 11, 15), "enterprise", False, None),
        ("p1", "insights", W46, "smb", False, None),
    ],
    "intermediate.int_usage__stickiness_weeks": [
        (W46, "smb", 1, 5, 8, 8),
        (W46, "smb", 2, 3, 3, 8),
        (W46, "smb", 3, 0, 0, 8),
        (W46, "enterprise", 1, 0, 2, 2),
        (W46, "enterprise", 2, 1, 2, 2),
        (W46, "enterprise", 3, 1, 1, 2),
    ],
    "intermediate.int_usage__retention": [
        ("p1", date(2026, 11, 2), 1, True, "smb", True),
        ("p2", date(2026, 11, 4), 1, False, "smb", True),
        ("p3", date(2026, 11, 8), 1, False, "enterprise", False),
        ("p1", date(2026, 11, 2), 7, False, "smb", True),
        ("p2", date(2026, 11, 4), 7, False, "smb", False),
        ("p3", date(2026, 11, 8), 7, False, "enterprise", False),
    ],
    "intermediate.int_usage__bracket_retention": [
        ("p1", W46, "1-3", True, "smb"),
        ("p2", W46, "1-3", False, "smb"),
        ("p3", date(2026, 11, 11), "1-3", True, "enterprise"),
        ("p1", W46, "4", True, "smb"),
    ],
    "intermediate.int_features__person_weeks": [
        uses("p1", "board", 5, 2),
        uses("p2", "board", 0, 0),
        # Ten people use it 1 to 10 times, on one day but for the most zealous.
        *[uses(f"p{n}", "export", n, 7 if n == 10 else 1) for n in range(1, 11)],
        uses("p11", "export", 0, 0),
        uses("p1", "alerts", 0, 0),
        # Of the two features of the other product p1 uses one, and p12 the only one that the plan offers.
        uses("p1", "forecasts", 3, 1, "insights"),
        uses("p1", "reports", 0, 0, "insights"),
        uses("p12", "reports", 1, 1, "insights", "enterprise"),
    ],
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Numbers of W46 from a handful of rows in each model."""
    path = create_warehouse(tmp_path_factory.mktemp("answers") / "warehouse.duckdb")
    for table, rows in ROWS.items():
        insert(path, table, rows)
    append_metric_values(path, engine_of(manifest_of(*METRICS)), date(2026, 11, 16), date(2026, 8, 3))
    return lambda metric, period=W46, **dimensions: value(path, metric, period, **dimensions)


@pytest.mark.parametrize(
    ("metric", "dimensions", "expected"),
    [
        ("activation_rate", {"product_id": "studio"}, (2.0, 3.0, 2 / 3, 3)),
        ("activation_rate", {"product_id": "studio", "segment": "smb"}, (2.0, 2.0, 1.0, 2)),
        ("activation_rate", {"product_id": "insights"}, (0.0, 1.0, 0.0, 1)),
        ("activation_days_median", {"product_id": "studio"}, (None, None, 2.5, 2)),
        ("activation_days_median", {"product_id": "insights"}, None),
        ("feature_uses_median", {"feature_id": "export"}, (None, None, 5.5, 10)),
        ("feature_uses_median", {"feature_id": "board"}, (None, None, 5.0, 1)),
        ("feature_uses_median", {"feature_id": "alerts"}, None),
        ("feature_uses_p90", {"feature_id": "export"}, (None, None, 9.1, 10)),
        ("feature_use_days_median", {"feature_id": "export"}, (None, None, 1.0, 10)),
        ("feature_use_days_p90", {"feature_id": "export"}, (None, None, 1.6, 10)),
        ("stickiness_exact_days_rate", {"days": "1"}, (5.0, 10.0, 0.5, 10)),
        ("stickiness_exact_days_rate", {"days": "3", "segment": "smb"}, (0.0, 8.0, 0.0, 8)),
        ("stickiness_at_least_days_rate", {"days": "1"}, (10.0, 10.0, 1.0, 10)),
        ("stickiness_at_least_days_rate", {"days": "3"}, (1.0, 10.0, 0.1, 10)),
        ("stickiness_at_least_days_rate", {"days": "2", "segment": "enterprise"}, (2.0, 2.0, 1.0, 2)),
        ("feature_use_days_mean", {"feature_id": "export"}, (16.0, 10.0, 1.6, 10)),
        ("feature_use_days_mean", {"feature_id": "alerts"}, None),
        ("retention_bracket_rate", {"days": "1-3"}, (2.0, 3.0, 2 / 3, 3)),
        ("retention_bracket_rate", {"days": "1-3", "segment": "smb"}, (1.0, 2.0, 0.5, 2)),
        ("retention_bracket_rate", {"days": "4"}, (1.0, 1.0, 1.0, 1)),
        ("feature_breadth_rate", {}, (13.0, 17.0, 13 / 17, 12)),
        ("feature_breadth_rate", {"product_id": "insights"}, (2.0, 3.0, 2 / 3, 2)),
        ("feature_breadth_rate", {"segment": "enterprise"}, (1.0, 1.0, 1.0, 1)),
    ],
)
def test_numbers_as_counted_by_hand(
    answers: Callable[..., Any], metric: str, dimensions: dict[str, str], expected: tuple[Any, ...] | None
) -> None:
    found = answers(metric, **dimensions)
    assert (found and pytest.approx(found)) == expected


def test_people_who_came_back_on_a_day_came_back_since_it(answers: Callable[..., Any]) -> None:
    cohort = date(2026, 11, 2)
    assert answers("retention_unbounded_rate_d1", cohort) == pytest.approx((2, 3, 2 / 3, 3))
    assert answers("retention_unbounded_rate_d1", cohort, segment="smb") == (2, 2, 1, 2)
    assert answers("retention_unbounded_rate_d7", cohort) == pytest.approx((1, 3, 1 / 3, 3))
