"""The metrics of shipping code: what one counts by hand from a few rows, and what the company itself says of its code."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.runner import prepare_raw, run_source
from orchestration.metric_values import append_metric_values
from sandbox.company import Company, night_moment
from sandbox.truth.engineering import truth_rows
from tests.metric_warehouse import ROOT, create_warehouse, execute, insert, manifest_of, value
from tests.vendor_reading import HISTORY_START, served

METRICS = (
    "deployment_frequency",
    "change_failure_rate",
    "change_lead_time_seconds_median",
    "pull_request_stage_seconds_median",
)
W45, W46 = date(2026, 11, 2), date(2026, 11, 9)
AS_OF = date(2026, 11, 16)
HOUR = 3600
# What the four metrics are made of, and what their models refer to.
MODELS = (
    "staging.registry", "staging.github", "staging.jira", "+int_delivery__issues", "fct_issue", "dim_date",
    "+fct_pull_request", "+fct_deployment", "int_delivery__pull_request_stages", "+int_delivery__deployment_days",
    "int_delivery__shipping_coverage",
)  # fmt: skip


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
    append_metric_values(path, manifest_of(*METRICS), AS_OF, date(2026, 8, 3))
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


def test_lead_time_is_the_median_of_the_changes_in_production(answers: Callable[..., Any]) -> None:
    assert answers("change_lead_time_seconds_median")[2:] == (30 * HOUR, 3)
    assert answers("change_lead_time_seconds_median", team_id="atlas")[2:] == (20 * HOUR, 2)


def test_each_stage_has_its_median(answers: Callable[..., Any]) -> None:
    assert answers("pull_request_stage_seconds_median", stage="coding")[2:] == (4 * HOUR, 3)
    assert answers("pull_request_stage_seconds_median", stage="review")[2:] == (7 * HOUR, 2)
    assert answers("pull_request_stage_seconds_median", stage="waiting_for_deployment") is None


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, Path]:
    """A small company whose code host and tracker were read on two nights, and the models over them."""
    home = tmp_path_factory.mktemp("home")
    company = Company.create("small")
    with served(company, night_moment(date(2026, 11, 14))) as vendor:
        for night in (date(2026, 11, 14), AS_OF):
            for source in ("github", "jira"):
                assert vendor.run(source, home, night_moment(night)).outcome == "ok"
    assert run_source("registry", home, night_moment(AS_OF), HISTORY_START, {}).outcome == "ok"
    prepare_raw(home)
    command = [
        sys.executable, "-m", "dbt.cli.main", "run", "--select", *MODELS, "--vars", f"{{as_of: {AS_OF}}}",
        "--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT / "dbt_project"),
        "--target-path", str(home / "target"), "--log-path", str(home / "logs"),
    ]  # fmt: skip
    environment = os.environ | {"POPS_HOME": str(home), "POPS_PSEUDONYM_KEY": "test", "DO_NOT_TRACK": "1"}
    done = subprocess.run(
        command, env=environment, cwd=ROOT / "dbt_project", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    warehouse = home / "warehouse.duckdb"
    append_metric_values(warehouse, manifest_of(*METRICS), AS_OF, date(2026, 9, 21))
    return company, warehouse


def test_the_metrics_say_what_the_company_says(built: tuple[Company, Path]) -> None:
    company, warehouse = built
    held = execute(
        warehouse,
        "select metric, period_start, team_id, stage, numerator, denominator, value from metrics.metric_values "
        "where is_current and period_start >= date '2026-09-21'",
    )
    found = {row[:4]: row[4:] for row in held}
    names = ("metric", "period_start", "team_id", "stage")
    expected = {
        tuple(row[name] for name in names): (row["numerator"], row["denominator"], row["value"])
        for row in truth_rows(company, AS_OF)
    }
    assert found.keys() == expected.keys()
    assert len(found) > 100
    for key, (numerator, denominator, number) in expected.items():
        assert found[key][2] == pytest.approx(number), key
        if denominator is not None:
            assert found[key][:2] == (numerator, denominator), key


def test_what_is_unmatched_is_counted(built: tuple[Company, Path]) -> None:
    company, warehouse = built
    rows = execute(
        warehouse, "select check_name, counted, total from intermediate.int_delivery__shipping_coverage"
    )
    counted = {name: (part, whole) for name, part, whole in rows}
    assert counted["repositories_without_team"] == (2, 9)
    assert counted["incidents_without_deployment"][0] == 1
    cut = night_moment(AS_OF) - timedelta(hours=2)
    silent = [each for each in company.engineering.deployments if not each.statuses and each.created_at < cut]
    assert counted["deployments_without_status"][0] == len(silent) > 0
    opened = [pull for pull in company.engineering.pull_requests if pull.opened_at < cut]
    assert counted["pull_requests_without_issue"][1] == sum(not pull.author.is_bot for pull in opened)
    assert 0 < counted["pull_requests_without_issue"][0] < len(opened) / 4
    named = execute(
        warehouse,
        "select count(*) from marts.fct_pull_request where issue_id is not null and feature_id is not null",
    )
    assert named[0][0] > len(opened) / 2


def test_what_is_tried_next_to_the_main_branch_is_not_in_production(built: tuple[Company, Path]) -> None:
    _, warehouse = built
    rows = execute(
        warehouse,
        "select count(*), count(deployed_at) from marts.fct_pull_request where is_merged and not is_to_main_branch",
    )
    assert rows[0][0] > 0
    assert rows[0][1] == 0
