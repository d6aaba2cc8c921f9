"""Published numbers of members that the registry calls otherwise now, or that became part of another."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from metrics.values import MetricRun, append_metric_values
from tests.metric_warehouse import create_warehouse, engine_of, execute, insert, manifest_of

FIRST_DAY = date(2026, 8, 3)
AS_OF = date(2026, 11, 19)
WEEK = date(2026, 11, 2)


def tickets(path: Path, feature: str, names: str, day: date = WEEK) -> None:
    for name in names:
        execute(
            path,
            "insert into marts.fct_ticket (ticket_id, feature_id, segment, is_counted, is_solved, created_date) "
            f"values ('{name}', '{feature}', 'smb', true, false, date '{day}')",
        )


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = create_warehouse(tmp_path / "warehouse.duckdb")
    # The older of the two began three weeks before the other.
    tickets(path, "board", "a", WEEK - timedelta(days=21))
    tickets(path, "board", "bc")
    tickets(path, "canvas", "de")
    return path


def run(path: Path, as_of: date = AS_OF) -> MetricRun:
    read = {"zendesk": as_of}
    return append_metric_values(path, engine_of(manifest_of("tickets_created")), as_of, FIRST_DAY, read)


def numbers(path: Path) -> list[tuple[Any, ...]]:
    """Every row of a feature: id, week, value, revision, as_of, is_current."""
    return execute(
        path,
        "select feature_id, period_start, value, revision, as_of, is_current from metrics.metric_values "
        "where metric = 'tickets_created' and feature_id is not null and segment is null order by all",
    )


def renamed(path: Path, *former: tuple[str, str]) -> None:
    execute(path, "delete from marts.dim_former_id")
    for place, (old, new) in enumerate(former, 1):
        insert(path, "marts.dim_former_id", [("feature_id", old, new, place)])
        execute(path, f"update marts.fct_ticket set feature_id = '{new}' where feature_id = '{old}'")


def test_a_series_goes_on_under_its_new_name_with_all_its_revisions(warehouse: Path) -> None:
    run(warehouse, AS_OF - timedelta(days=2))
    tickets(warehouse, "board", "f")
    assert run(warehouse, AS_OF - timedelta(days=1)).revised > 0
    before = numbers(warehouse)
    renamed(warehouse, ("board", "boards"))
    done = run(warehouse)
    assert (done.added, done.revised, done.withdrawn) == (0, 0, 0)
    assert numbers(warehouse) == sorted(
        ("boards" if name == "board" else name, *rest) for name, *rest in before
    )
    # As it was called at first, through a name in between that no night has seen.
    renamed(warehouse, ("between", "panel"), ("boards", "panel"))
    done = run(warehouse)
    assert (done.added, done.revised, done.withdrawn) == (0, 0, 0)
    assert {name for name, *_ in numbers(warehouse)} == {"panel", "canvas"}


def test_of_two_that_became_one_each_number_stands_once(warehouse: Path) -> None:
    run(warehouse, AS_OF - timedelta(days=1))
    alone = [row for row in numbers(warehouse) if row[0] == "board" and row[1] < WEEK]
    assert alone
    renamed(warehouse, ("board", "space"), ("canvas", "space"))
    done = run(warehouse)
    assert done.withdrawn > 0
    found = numbers(warehouse)
    # Weeks in which there was but one of them are as they were said.
    assert [row for row in found if row[0] == "space" and row[1] < WEEK] == [
        ("space", *row[1:]) for row in alone
    ]
    week = [row for row in found if row[1] == WEEK]
    yesterday = AS_OF - timedelta(days=1)
    assert week == [
        ("canvas", WEEK, 2, 1, yesterday, False),
        ("canvas", WEEK, None, 2, AS_OF, True),
        ("space", WEEK, 2, 1, yesterday, False),
        ("space", WEEK, 4, 2, AS_OF, True),
    ]
    again = run(warehouse)
    assert (again.added, again.revised, again.withdrawn) == (0, 0, 0)


def test_what_became_part_of_one_that_there_was_counts_no_nothing(warehouse: Path) -> None:
    run(warehouse, AS_OF - timedelta(days=1))
    renamed(warehouse, ("canvas", "board"))
    run(warehouse)
    current = {
        (name, week): value for name, week, value, _, _, is_current in numbers(warehouse) if is_current
    }
    assert current["board", WEEK] == 4
    assert {value for (name, _), value in current.items() if name == "canvas"} == {None}
