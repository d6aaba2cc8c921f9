"""Deals won, contracts renewed and revenue to be renewed: what one counts by hand from a few rows."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from metrics.values import append_metric_values
from tests.metric_warehouse import create_warehouse, engine_of, insert, manifest_of, value

METRICS = ("deals_won", "deals_won_amount", "renewal_rate", "renewals_due_arr")
W45, W46 = date(2026, 11, 2), date(2026, 11, 9)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = create_warehouse(tmp_path_factory.mktemp("sales") / "warehouse.duckdb")

    def deal(
        name: str, won: bool, renewal: bool | None, amount: float | None, **other: Any
    ) -> tuple[Any, ...]:
        given = {"segment": "smb", "counted": True, "closed": True, "day": W46 + timedelta(days=2)} | other
        return (
            name,
            given["segment"],
            "a1",
            given["counted"],
            won,
            given["closed"],
            renewal,
            given["day"],
            amount,
        )

    insert(path, "marts.fct_deal", [
        deal("d1", True, True, 100.0),
        deal("d2", True, False, 40.0, segment="enterprise"),
        deal("d3", False, True, 70.0),
        deal("d4", True, None, None),
        # Still open, of a test account, of the week before.
        deal("d5", False, True, 9.0, closed=False),
        deal("d6", True, True, 999.0, counted=False),
        deal("d7", True, True, 5.0, day=W45),
    ])  # fmt: skip
    insert(path, "marts.mart_account_week", [
        ("a1", W46, "smb", 100.0, date(2026, 12, 1), True),
        ("a2", W46, "smb", 70.0, date(2027, 12, 1), False),
        # Left; no day of renewal; a week before the CRM was first read.
        ("a3", W46, "smb", 0.0, date(2026, 12, 1), True),
        ("a4", W46, "smb", 900.0, None, None),
        ("a1", W45, "smb", 100.0, None, None),
    ])  # fmt: skip
    append_metric_values(path, engine_of(manifest_of(*METRICS)), date(2026, 11, 16), date(2026, 8, 3))
    return path


def test_a_deal_is_won_in_the_week_of_its_decision(warehouse: Path) -> None:
    assert value(warehouse, "deals_won", W46) == (3, None, 3, 3)
    assert value(warehouse, "deals_won", W46, segment="enterprise") == (1, None, 1, 1)
    assert value(warehouse, "deals_won_amount", W46) == (None, None, 140.0, 3)
    assert value(warehouse, "deals_won_amount", W45) == (None, None, 5.0, 1)


def test_of_the_renewals_decided_some_were_won(warehouse: Path) -> None:
    assert value(warehouse, "renewal_rate", W46) == (1, 2, 0.5, 2)


def test_revenue_to_be_renewed_is_unknown_before_the_days_were_known(warehouse: Path) -> None:
    assert value(warehouse, "renewals_due_arr", W46) == (None, None, 100.0, 3)
    before = value(warehouse, "renewals_due_arr", W45)
    assert before is None or before[2] is None
