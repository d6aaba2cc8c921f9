"""The roadmap's metrics, counted by hand."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from metrics.values import append_metric_values
from tests.metric_warehouse import create_warehouse, engine_of, insert, semantic_manifest, value

W45, W46 = date(2026, 11, 2), date(2026, 11, 9)
# Item: product, active, linked, comparable, agreed, days between the dates.
ITEMS = {
    "agrees": ("studio", True, True, True, True, 0),
    "agrees too": ("studio", True, True, True, True, 10),
    "contradicts": ("connect", True, True, True, False, 30),
    "without a stage": ("connect", True, True, False, False, None),
    "unlinked": ("connect", True, False, False, False, None),
    # Not on the roadmap: counts nowhere, whatever it says.
    "released": ("studio", False, False, False, True, None),
}


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Any, ...] | None]:
    path = create_warehouse(tmp_path_factory.mktemp("roadmap") / "warehouse.duckdb")
    rows = [(W46, item, state[0], "board", *state[1:]) for item, state in ITEMS.items()]
    rows.append((W45, "unlinked", "connect", "board", True, False, False, False, None))
    insert(path, "intermediate.int_roadmap__item_weeks", rows)
    append_metric_values(path, engine_of(semantic_manifest()), date(2026, 11, 16), date(2026, 10, 5))
    return lambda metric, period=W46, **dimensions: value(path, metric, period, **dimensions)


def test_the_link_rate_is_of_active_items(answer: Callable[..., tuple[Any, ...] | None]) -> None:
    assert answer("roadmap_link_rate") == (4, 5, 0.8, 5)
    assert answer("roadmap_link_rate", product_id="studio") == (2, 2, 1, 2)
    assert answer("roadmap_link_rate", W45) == (0, 1, 0, 1)


def test_agreement_is_of_items_with_a_stage_on_both_sides(
    answer: Callable[..., tuple[Any, ...] | None],
) -> None:
    numerator, denominator, share, n = answer("roadmap_status_agreement_rate") or ()
    assert (numerator, denominator, n) == (2, 3, 3)
    assert share == pytest.approx(2 / 3)
    assert answer("roadmap_status_agreement_rate", product_id="connect") == (0, 1, 0, 1)
    # Nothing to compare: no share.
    nothing = answer("roadmap_status_agreement_rate", W45)
    assert nothing is None or nothing[2] is None


def test_the_date_gap_is_the_median_of_items_with_both_dates(
    answer: Callable[..., tuple[Any, ...] | None],
) -> None:
    found = answer("roadmap_date_gap_days_median")
    assert found is not None
    assert found[2:] == (10, 3)
    by_product = answer("roadmap_date_gap_days_median", product_id="studio")
    assert by_product is not None
    assert by_product[2:] == (5, 2)
