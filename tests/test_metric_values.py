"""How metric values are appended: complete periods, rolling windows, revisions, and kills."""

import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from metrics.catalogue import read_definitions, write_definitions
from metrics.periods import complete_periods
from metrics.values import MetricRun, append_metric_values
from tests.metric_warehouse import (
    ROOT,
    create_warehouse,
    engine_of,
    execute,
    insert,
    semantic_manifest,
    value,
)

FIRST_DAY = date(2026, 8, 3)
AS_OF = date(2026, 11, 16)
USAGE = "marts.fct_usage_daily"
# Appending is the same for all metrics: these stand for the others, and compile quickly.
METRICS = (
    "active_users_day",
    "active_users_7d",
    "active_users_30d",
    "active_users_week",
    "feature_adoption_rate",
    "feature_time_to_adopt_days_median",
)


@cache
def some_metrics() -> Path:
    """The project's manifest, of which the other metrics are not published."""
    manifest = json.loads(semantic_manifest().read_text())
    for metric in manifest["metrics"]:
        if metric["name"] not in METRICS:
            metric["config"]["meta"].pop("grain", None)
    path = semantic_manifest().with_name("some_metrics.json")
    path.write_text(json.dumps(manifest))
    return path


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = create_warehouse(tmp_path / "warehouse.duckdb")
    insert(
        path,
        USAGE,
        [
            ("p1", date(2026, 10, 6), "board", "studio", "smb"),
            ("p2", date(2026, 11, 3), "board", "studio", "smb"),
            ("p3", date(2026, 11, 10), "reports", "insights", "enterprise"),
        ],
    )
    return path


def run(path: Path, as_of: date = AS_OF, manifest: Path | None = None) -> MetricRun:
    return append_metric_values(path, engine_of(manifest or some_metrics()), as_of, FIRST_DAY)


def changes(done: MetricRun) -> tuple[int, int, int]:
    return done.added, done.revised, done.withdrawn


def history(path: Path, metric: str, period: date) -> list[tuple[Any, ...]]:
    """Value, n, revision, as_of and is_current of a whole's number, oldest first."""
    return execute(
        path,
        f"select value, n, revision, as_of, is_current from metrics.metric_values where metric = '{metric}' "
        f"and period_start = date '{period}' and coalesce(product_id, feature_id, segment) is null order by revision",
    )


@pytest.mark.parametrize(
    ("grain", "first_day", "as_of", "closes", "expected"),
    [
        ("day", date(2026, 10, 1), date(2026, 10, 4), 0, (date(2026, 10, 1), date(2026, 10, 3))),
        ("day", date(2026, 10, 4), date(2026, 10, 4), 0, None),
        ("week", date(2026, 10, 20), date(2026, 11, 16), 0, (date(2026, 10, 26), date(2026, 11, 15))),
        ("week", date(2026, 10, 19), date(2026, 11, 15), 0, (date(2026, 10, 19), date(2026, 11, 8))),
        ("week", date(2026, 10, 19), date(2026, 11, 15), 7, (date(2026, 10, 19), date(2026, 11, 1))),
        ("week", date(2026, 11, 9), date(2026, 11, 15), 0, None),
        ("month", date(2026, 5, 18), date(2026, 11, 16), 0, (date(2026, 6, 1), date(2026, 10, 31))),
        ("month", date(2026, 6, 1), date(2026, 11, 1), 0, (date(2026, 6, 1), date(2026, 10, 31))),
        ("month", date(2026, 6, 1), date(2026, 10, 31), 0, (date(2026, 6, 1), date(2026, 9, 30))),
    ],
)
def test_complete_periods(grain: str, first_day: date, as_of: date, closes: int, expected: Any) -> None:
    assert complete_periods(grain, first_day, as_of, closes) == expected


def test_a_dimension_that_came_since_is_added_to_the_numbers_of_before(warehouse: Path) -> None:
    first = run(warehouse, AS_OF - timedelta(days=1))
    known = execute(warehouse, "select * from metrics.metric_values order by all")
    columns = [
        name for (name,) in execute(warehouse, "select column_name from (describe metrics.metric_values)")
    ]
    position = columns.index("days")
    execute(warehouse, "alter table metrics.metric_values drop column days")
    done = run(warehouse, AS_OF - timedelta(days=1))
    assert (first.added, changes(done)) == (len(known), (0, 0, 0))
    again = execute(warehouse, f"select {', '.join(columns)} from metrics.metric_values order by all")
    assert again == known
    assert {row[position] for row in again} == {None}
    assert run(warehouse).added > 0


def distinct_people(
    rows: list[tuple[str, date, str, str, str]], days: int, column: int | None
) -> Iterator[tuple[date, str | None, int]]:
    """Distinct people of each window that lies whole in history, counted one by one."""
    for number in range(days - 1, (AS_OF - FIRST_DAY).days):
        day = FIRST_DAY + timedelta(days=number)
        window = [row for row in rows if day - timedelta(days=days) < row[1] <= day]
        for group in {None} if column is None else {row[column] for row in window}:
            people = {row[0] for row in window if column is None or row[column] == group}
            if people:
                yield day, group, len(people)


def test_rolling_windows_equal_a_distinct_count_of_every_day(tmp_path: Path) -> None:
    chance = random.Random(7)
    rows = []
    for _ in range(90):
        feature = f"f{chance.randrange(3)}"
        day = FIRST_DAY + timedelta(days=chance.randrange(105))
        product = "insights" if feature == "f0" else "studio"
        rows.append((f"p{chance.randrange(12)}", day, feature, product, chance.choice(["smb", "enterprise"])))
    path = create_warehouse(tmp_path / "warehouse.duckdb")
    insert(path, USAGE, list(rows))
    run(path)
    for metric, days in {"active_users_day": 1, "active_users_7d": 7, "active_users_30d": 30}.items():
        for name, column in {None: None, "feature_id": 2, "product_id": 3, "segment": 4}.items():
            others = [other for other in ("feature_id", "product_id", "segment") if other != name]
            found = execute(
                path,
                f"select period_start, {name or 'null'}, cast(value as integer) from metrics.metric_values "
                f"where metric = '{metric}' and coalesce({', '.join(others)}) is null "
                f"and {f'{name} is not null' if name else 'true'}",
            )
            expected = sorted(distinct_people(rows, days, column), key=str)
            assert sorted(found, key=str) == expected, (metric, name)


def test_a_second_run_changes_nothing(warehouse: Path) -> None:
    assert run(warehouse).added > 0
    before = execute(warehouse, "select * from metrics.metric_values order by all")
    definitions = execute(warehouse, "select * from metrics.metric_definitions order by all")
    assert changes(run(warehouse)) == (0, 0, 0)
    assert execute(warehouse, "select * from metrics.metric_values order by all") == before
    assert execute(warehouse, "select * from metrics.metric_definitions order by all") == definitions


def test_definitions_are_beside_the_values(warehouse: Path) -> None:
    run(warehouse)
    assert execute(
        warehouse,
        "select owner, unit, good_direction, minimum_sample, definition_version, grain, groupings, numerator, "
        "denominator, specification from metrics.metric_definitions where metric = 'feature_adoption_rate'",
    ) == [
        (
            "team:product-ops", "ratio", "up", 30, 1, "week", "feature_id, feature_id × segment",
            "feature_adopting_users", "feature_eligible_users", "M13",
        )
    ]  # fmt: skip
    unknown = "select count(*) from metrics.metric_values anti join metrics.metric_definitions using (metric, grain)"
    assert execute(warehouse, unknown) == [(0,)]


def test_a_definition_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    definitions = engine_of(semantic_manifest()).definitions
    with duckdb.connect(str(tmp_path / "some.duckdb")) as connection:
        write_definitions(connection, "written", definitions)
        assert read_definitions(connection, "written") == {each.metric: each for each in definitions}
        connection.execute("alter table written drop column families")
        older = read_definitions(connection, "written")
    assert older["tickets_created"] == replace(
        next(each for each in definitions if each.metric == "tickets_created"), families=()
    )


def test_the_next_day_adds_only_its_own(warehouse: Path) -> None:
    run(warehouse, date(2026, 11, 15))
    done = run(warehouse)
    assert done.revised == done.withdrawn == 0
    added = execute(
        warehouse,
        f"select distinct grain, period_start from metrics.metric_values where as_of = date '{AS_OF}' order by all",
    )
    assert added == [("day", date(2026, 11, 15)), ("week", date(2026, 11, 9))]


def test_a_day_without_activity_is_in_the_rolling_windows(warehouse: Path) -> None:
    run(warehouse, date(2026, 11, 12))
    run(warehouse, date(2026, 11, 14))
    assert value(warehouse, "active_users_7d", date(2026, 11, 13)) == (1.0, None, 1.0, 1)
    assert value(warehouse, "active_users_day", date(2026, 11, 13)) is None


def test_a_late_event_restates_every_window_it_falls_into(warehouse: Path) -> None:
    run(warehouse, date(2026, 11, 15))
    insert(warehouse, USAGE, [("p4", date(2026, 9, 29), "board", "studio", "smb")])
    done = run(warehouse)
    assert done.revised > 0
    late = date(2026, 10, 6)
    assert history(warehouse, "active_users_30d", late) == [
        (1.0, 1, 1, date(2026, 11, 15), False),
        (2.0, 2, 2, AS_OF, True),
    ]
    assert history(warehouse, "active_users_7d", date(2026, 10, 5)) == [(1.0, 1, 1, AS_OF, True)]
    assert history(warehouse, "active_users_7d", late) == [(1.0, 1, 1, date(2026, 11, 15), True)]


def test_a_merge_of_two_people_restates_windows_but_no_day(warehouse: Path) -> None:
    run(warehouse)
    execute(warehouse, f"update {USAGE} set person_id = 'p1' where person_id = 'p2'")
    run(warehouse)
    assert [row[0] for row in history(warehouse, "active_users_30d", date(2026, 11, 4))] == [2.0, 1.0]
    assert [row[0] for row in history(warehouse, "active_users_day", date(2026, 11, 3))] == [1.0]


def test_only_touched_days_of_rolling_metrics_are_computed_again(warehouse: Path) -> None:
    first, second = run(warehouse), run(warehouse)
    assert second.computed < first.computed
    assert second.requests < first.requests


def test_a_number_that_is_gone_is_withdrawn(warehouse: Path) -> None:
    run(warehouse)
    execute(warehouse, f"delete from {USAGE} where person_id = 'p3'")
    assert run(warehouse).withdrawn > 0
    gone = history(warehouse, "active_users_week", date(2026, 11, 9))
    assert gone == [(1.0, 1, 1, AS_OF, False), (None, 0, 2, AS_OF, True)]
    assert changes(run(warehouse)) == (0, 0, 0)
    insert(warehouse, USAGE, [("p3", date(2026, 11, 10), "reports", "insights", "enterprise")])
    run(warehouse)
    assert history(warehouse, "active_users_week", date(2026, 11, 9))[-1] == (1.0, 1, 3, AS_OF, True)


def test_noise_of_floating_point_is_no_revision(warehouse: Path) -> None:
    insert(warehouse, "intermediate.int_features__time_to_adopt", [("board", date(2026, 11, 9), 3.0, 9, 6)])
    run(warehouse)
    execute(warehouse, "update intermediate.int_features__time_to_adopt set median_days = 3.0 + 1e-12")
    assert changes(run(warehouse)) == (0, 0, 0)
    execute(warehouse, "update intermediate.int_features__time_to_adopt set median_days = 3.0 + 1e-6")
    assert changes(run(warehouse)) == (0, 1, 0)


def test_another_sample_is_a_revision(warehouse: Path) -> None:
    insert(warehouse, "intermediate.int_features__time_to_adopt", [("board", date(2026, 11, 9), None, 9, 1)])
    run(warehouse)
    execute(warehouse, "update intermediate.int_features__time_to_adopt set person_count = 10")
    assert changes(run(warehouse)) == (0, 1, 0)


def test_a_new_definition_is_a_new_version_of_every_number(warehouse: Path, tmp_path: Path) -> None:
    run(warehouse)
    manifest = json.loads(some_metrics().read_text())
    metric = next(each for each in manifest["metrics"] if each["name"] == "active_users_7d")
    metric["config"]["meta"]["definition_version"] += 1
    changed = tmp_path / "semantic_manifest.json"
    changed.write_text(json.dumps(manifest))
    shutil.copy(some_metrics().with_name("manifest.json"), tmp_path)
    done = run(warehouse, manifest=changed)
    assert done.revised > 0
    assert done.added == 0
    assert execute(
        warehouse,
        "select distinct metric, definition_version from metrics.metric_values where is_current and revision = 2",
    ) == [("active_users_7d", 3)]
    assert changes(run(warehouse, manifest=changed)) == (0, 0, 0)


def test_a_past_night_rebuilt_leaves_later_numbers_current(warehouse: Path) -> None:
    run(warehouse)
    assert changes(run(warehouse, date(2026, 11, 9))) != (0, 0, 0)
    assert history(warehouse, "active_users_week", date(2026, 11, 2)) == [
        (1.0, 1, 1, AS_OF, True),
        (1.0, 1, 2, date(2026, 11, 9), False),
    ]
    assert changes(run(warehouse, date(2026, 11, 9))) == (0, 0, 0)
    assert changes(run(warehouse)) == (0, 0, 0)


def test_each_number_is_current_once(warehouse: Path) -> None:
    run(warehouse, date(2026, 11, 14))
    execute(warehouse, f"update {USAGE} set segment = 'mid_market' where person_id = 'p2'")
    run(warehouse)
    run(warehouse, date(2026, 11, 15))
    assert execute(
        warehouse,
        "select count(*) from (select metric, period_start, product_id, feature_id, segment from metrics.metric_values "
        "group by all having count(*) filter (where is_current) <> 1 or max(revision) <> count(*))",
    ) == [(0,)]


def test_a_dimension_without_a_value_is_an_error(warehouse: Path) -> None:
    insert(warehouse, USAGE, [("p5", date(2026, 11, 3), None, "studio", "smb")])
    with pytest.raises(ValueError, match=r"active_users_.* has two values for 2026-.*a dimension is NULL"):
        run(warehouse)


def test_a_missing_warehouse_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="build the dbt project first"):
        run(tmp_path / "warehouse.duckdb")


def test_a_missing_model_leaves_the_values_as_they_were(warehouse: Path) -> None:
    run(warehouse)
    before = execute(warehouse, "select * from metrics.metric_values order by all")
    execute(warehouse, "drop table intermediate.int_features__time_to_adopt")
    with pytest.raises(duckdb.Error, match="int_features__time_to_adopt"):
        run(warehouse)
    assert execute(warehouse, "select * from metrics.metric_values order by all") == before


KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from metrics import values as metric_values
from metrics.engine import MetricEngine
metric_values.remember_days = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
engine = MetricEngine(Path(sys.argv[2]))
metric_values.append_metric_values(Path(sys.argv[1]), engine, date(2026, 11, 16), date(2026, 8, 3))
"""


def test_a_kill_before_the_commit_leaves_nothing_half(warehouse: Path) -> None:
    run(warehouse, date(2026, 11, 9))
    everything = "select * from metrics.metric_values order by all"
    before = execute(warehouse, everything)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(warehouse), str(some_metrics())], cwd=ROOT, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert execute(warehouse, everything) == before
    assert run(warehouse).added > 0
    assert changes(run(warehouse)) == (0, 0, 0)
