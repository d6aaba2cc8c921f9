"""The metrics of who comes and who goes: what one counts by hand from a few rows."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from metrics.values import append_metric_values
from tests.metric_warehouse import create_warehouse, engine_of, insert, manifest_of, value

METRICS = ("lifecycle_user_quick_ratio", "lifecycle_account_quick_ratio")
W45, W46 = date(2026, 11, 2), date(2026, 11, 9)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    path = create_warehouse(tmp_path_factory.mktemp("answers") / "warehouse.duckdb")
    people = [
        ("p1", W46, "new", "smb", False, True),
        ("p2", W46, "new", "smb", True, True),
        ("p3", W46, "current", "enterprise", False, True),
        ("p4", W46, "dormant", "enterprise", False, True),
        ("p5", W46, "resurrected", "enterprise", False, True),
        ("p6", W45, "new", "enterprise", False, False),
        ("p7", W45, "dormant", "enterprise", False, False),
    ]
    insert(path, "intermediate.int_usage__lifecycle_weeks", people)
    accounts = [
        ("a1", W46, "resurrected", "smb", True),
        ("a2", W46, "dormant", "smb", True),
        ("a3", W46, "dormant", "enterprise", True),
        ("a4", W46, "current", "enterprise", True),
        ("a5", W45, "current", "enterprise", True),
    ]
    insert(path, "intermediate.int_usage__account_lifecycle_weeks", accounts)
    append_metric_values(path, engine_of(manifest_of(*METRICS)), date(2026, 11, 16), date(2026, 8, 3))
    return lambda metric, period=W46, **dimensions: value(path, metric, period, **dimensions)


def test_those_who_came_are_counted_for_each_who_went(answers: Callable[..., Any]) -> None:
    assert answers("lifecycle_user_quick_ratio") == (3, 1, 3.0, 4)
    assert answers("lifecycle_user_quick_ratio", segment="enterprise") == (1, 1, 1.0, 2)
    assert answers("lifecycle_account_quick_ratio") == (1, 2, 0.5, 3)
    assert answers("lifecycle_account_quick_ratio", segment="enterprise") == (0, 1, 0.0, 1)


def test_where_nobody_went_there_is_nothing_to_divide_by(answers: Callable[..., Any]) -> None:
    assert answers("lifecycle_user_quick_ratio", segment="smb") == (2, 0, None, 2)
    # Nobody came either.
    assert answers("lifecycle_account_quick_ratio", W45) is None


def test_a_week_after_one_that_history_does_not_hold_whole_says_nothing(answers: Callable[..., Any]) -> None:
    assert answers("lifecycle_user_quick_ratio", W45) is None
