"""The metrics of shipping code: what one counts by hand from a few rows."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from metrics.values import append_metric_values
from tests.metric_warehouse import create_warehouse, engine_of, insert, manifest_of, value

METRICS = (
    "deployment_frequency",
    "change_failure_rate",
    "change_lead_time_seconds_median",
    "pull_request_stage_seconds_median",
    "recovery_time_seconds_median",
)
W45, W46 = date(2026, 11, 2), date(2026, 11, 9)
AS_OF = date(2026, 11, 16)
HOUR = 3600


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    path = create_warehouse(tmp_path_factory.mktemp("answers") / "warehouse.duckdb")
    day = W46 + timedelta(days=1)
    deployed = [("a1", "atlas", day, True, False), ("a2", "atlas", day, True, True)]
    deployed += [("b1", "borealis", W46, True, True), ("b2", "borealis", W46, True, False)]
    # Not to production, or failed; and one of another week.
    deployed += [("b3", "borealis", None, False, False), ("a0", "atlas", W45, True, True)]
    insert(path, "marts.fct_deployment", deployed)
    days = [
        (team, W46 + timedelta(days=number), W46 + timedelta(days=number) in own)
        for team, own in (("(all)", {W46, day}), ("atlas", {day}), ("borealis", {W46}), ("cosmos", set()))
        for number in range(7)
    ]
    insert(path, "intermediate.int_delivery__deployment_days", days)
    changes = [
        ("p1", "atlas", day, 10 * HOUR),
        ("p2", "atlas", day, 30 * HOUR),
        ("p3", "borealis", W46, 90 * HOUR),
    ]
    # Not in production; and a first commit that was written after the deployment.
    changes += [("p4", "atlas", None, None), ("p5", "atlas", day, None)]
    insert(path, "marts.fct_pull_request", changes)
    spans = [
        ("p1", "coding", 2),
        ("p2", "coding", 4),
        ("p3", "coding", 9),
        ("p1", "review", 6),
        ("p2", "review", 8),
    ]
    rows = [(pull, "atlas", stage, hours * HOUR, day) for pull, stage, hours in spans]
    insert(path, "intermediate.int_delivery__pull_request_stages", rows)
    # One is open; one was closed before it was reported.
    incidents = [
        ("i1", "atlas", W46, 2 * HOUR),
        ("i2", "borealis", day, 8 * HOUR),
        ("i3", "atlas", day, 4 * HOUR),
    ]
    incidents += [("i4", "atlas", None, None), ("i5", "atlas", day, None), ("i6", "atlas", W45, HOUR)]
    insert(path, "intermediate.int_delivery__incidents", incidents)
    append_metric_values(path, engine_of(manifest_of(*METRICS)), AS_OF, date(2026, 8, 3))
    return lambda metric, period=W46, **dimensions: value(path, metric, period, **dimensions)


def test_days_without_a_deployment_count(answers: Callable[..., Any]) -> None:
    assert answers("deployment_frequency") == (2, 7, pytest.approx(2 / 7), 7)
    assert answers("deployment_frequency", team_id="atlas") == (1, 7, pytest.approx(1 / 7), 7)
    assert answers("deployment_frequency", team_id="cosmos") == (0, 7, 0, 7)
    assert answers("deployment_frequency", W45) is None


def test_a_deployment_behind_an_incident_is_a_failed_change(answers: Callable[..., Any]) -> None:
    assert answers("change_failure_rate") == (2, 4, 0.5, 4)
    assert answers("change_failure_rate", team_id="borealis") == (1, 2, 0.5, 2)
    assert answers("change_failure_rate", W45) == (1, 1, 1, 1)


def test_recovery_is_the_median_of_the_incidents_closed_in_the_week(answers: Callable[..., Any]) -> None:
    assert answers("recovery_time_seconds_median")[2:] == (4 * HOUR, 3)
    assert answers("recovery_time_seconds_median", team_id="atlas")[2:] == (3 * HOUR, 2)
    assert answers("recovery_time_seconds_median", W45)[2:] == (HOUR, 1)


def test_lead_time_is_the_median_of_the_changes_in_production(answers: Callable[..., Any]) -> None:
    assert answers("change_lead_time_seconds_median")[2:] == (30 * HOUR, 3)
    assert answers("change_lead_time_seconds_median", team_id="atlas")[2:] == (20 * HOUR, 2)


def test_each_stage_has_its_median(answers: Callable[..., Any]) -> None:
    assert answers("pull_request_stage_seconds_median", stage="coding")[2:] == (4 * HOUR, 3)
    assert answers("pull_request_stage_seconds_median", stage="review")[2:] == (7 * HOUR, 2)
    assert answers("pull_request_stage_seconds_median", stage="waiting_for_deployment") is None
