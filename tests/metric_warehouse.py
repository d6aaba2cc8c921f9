"""A warehouse made by hand for tests of metrics: the tables that MetricFlow reads, with the rows of a test."""

import atexit
import json
import shutil
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb

from metrics.dimensions import DIMENSIONS
from metrics.engine import MetricEngine
from tests.parsed_project import parsed_target

ROOT = Path(__file__).resolve().parent.parent
# Columns that metrics read, in the order in which the tests write them.
TABLES = {
    "marts.dim_date": "date_day date",
    "marts.dim_feature": (
        "feature_id text, product_id text, live_from date, live_until date, is_instrumented boolean, "
        "has_ticket_tags boolean, has_feedback_sources boolean"
    ),
    "marts.fct_usage_daily": "person_id text, event_date date, feature_id text, product_id text, segment text, account_id text",
    "marts.fct_account_usage_daily": "account_id text, event_date date, product_id text, segment text",
    "marts.fct_ticket": (
        "ticket_id text, feature_id text, segment text, is_counted boolean, is_solved boolean, created_date date, "
        "first_reply_date date, first_reply_seconds bigint, first_solved_date date, first_resolution_seconds bigint, "
        "solved_date date, full_resolution_seconds bigint, requester_wait_seconds bigint, "
        "agent_wait_seconds bigint, solved_count integer, product_id text, account_id text, public_reply_count bigint, "
        "first_reply_business_seconds bigint, first_resolution_business_seconds bigint, "
        "full_resolution_business_seconds bigint, requester_wait_business_seconds bigint, "
        "agent_wait_business_seconds bigint, theme_id text default '(no theme)'"
    ),
    "marts.fct_sla_instance": (
        "sla_instance_id text, feature_id text, segment text, is_counted boolean, is_met boolean, due_date date, "
        "priority text, policy_id text, policy_name text, product_id text, account_id text"
    ),
    "marts.fct_ticket_rating": (
        "rating_id text, feature_id text, segment text, is_counted boolean, is_latest boolean, score text, "
        "offered_date date, rated_date date, product_id text, account_id text"
    ),
    "marts.dim_former_id": "dimension text, former_id text, member_id text, place bigint",
    "marts.fct_issue": (
        "issue_id text, team_id text, is_standard boolean, is_delivered boolean, is_committed boolean, "
        "resolved_date date, lead_time_seconds bigint, done_date date, cycle_time_seconds bigint, "
        "commitment_date date, is_on_time boolean, commitment_last_date date, is_on_time_last_due boolean, "
        "first_done_date date, is_reopened boolean, due_slip_days integer, due_move_count integer, "
        "commitment_team_id text, commitment_last_team_id text, first_done_team_id text, feature_id text, product_id text"
    ),
    "marts.fct_sprint": (
        "sprint_id text, team_id text, is_completed boolean, completed_date date, committed_count bigint, "
        "completed_of_committed_count bigint"
    ),
    "marts.fct_pull_request": (
        "pull_request_id text, team_id text, deployed_date date, change_lead_time_seconds bigint, "
        "feature_id text, product_id text"
    ),
    "marts.fct_deal": (
        "deal_id text, segment text, account_id text, is_counted boolean, is_won boolean, is_closed boolean, is_renewal boolean, "
        "closed_date date, amount_home double"
    ),
    "marts.mart_account_week": (
        "account_id text, week_start date, segment text, arr_home double, renews_on date, is_renewal_due boolean"
    ),
    "marts.fct_deployment": (
        "deployment_id text, team_id text, deployed_date date, is_counted boolean, has_incident boolean"
    ),
    "intermediate.int_delivery__deployment_days": "team_id text, date_day date, is_deployment_day boolean",
    "intermediate.int_delivery__incidents": (
        "incident_id text, team_id text, closed_date date, recovery_seconds bigint"
    ),
    "intermediate.int_delivery__pull_request_stages": (
        "pull_request_id text, team_id text, stage text, stage_seconds bigint, deployed_date date"
    ),
    "marts.fct_survey_response": (
        "response_id text, survey_kind text, score double, scale_max bigint, is_counted boolean, answered_date date, "
        "product_id text, feature_id text, team_id text, segment text, account_id text"
    ),
    "marts.fct_feedback": "feedback_id text, feature_id text, sentiment text, created_date date, product_id text, account_id text",
    "intermediate.int_usage__lifecycle_weeks": (
        "person_id text, week_start date, lifecycle_state text, segment text, is_pre_existing boolean, "
        "is_week_before_whole boolean"
    ),
    "intermediate.int_usage__account_lifecycle_weeks": (
        "account_id text, week_start date, lifecycle_state text, segment text, is_week_before_whole boolean"
    ),
    "intermediate.int_usage__retention": (
        "person_id text, cohort_date date, day_number integer, is_retained boolean, segment text, "
        "is_retained_since boolean"
    ),
    "intermediate.int_usage__bracket_retention": (
        "person_id text, cohort_date date, days text, is_retained boolean, segment text"
    ),
    "intermediate.int_usage__account_retention_weeks": (
        "account_id text, week_start date, is_retained boolean, segment text"
    ),
    "intermediate.int_usage__stickiness_weeks": (
        "week_start date, segment text, days bigint, exact_user_count bigint, at_least_user_count bigint, "
        "active_user_count bigint"
    ),
    "intermediate.int_usage__stickiness_months": (
        "month_start date, active_user_days bigint, possible_user_days bigint, monthly_active_users bigint"
    ),
    "intermediate.int_usage__funnel_steps": (
        "funnel_id text, person_id text, entry_week date, segment text, step_number integer, step text, "
        "is_previous_reached boolean, is_reached boolean, seconds_from_previous bigint, product_id text"
    ),
    "intermediate.int_usage__activations": (
        "person_id text, product_id text, start_date date, segment text, is_activated boolean, days_to_activation bigint"
    ),
    "intermediate.int_features__person_weeks": (
        "person_id text, feature_id text, product_id text, team_id text, week_start date, segment text, "
        "is_used boolean, use_count bigint, use_day_count bigint"
    ),
    "intermediate.int_features__reach_weeks": (
        "feature_id text, product_id text, team_id text, week_start date, user_count bigint, active_user_count bigint"
    ),
    "intermediate.int_features__use_windows": (
        "feature_id text, product_id text, team_id text, week_start date, is_rate_eligible boolean, "
        "is_used_feature boolean, is_zombie boolean"
    ),
    "intermediate.int_features__account_weeks": (
        "account_id text, feature_id text, product_id text, team_id text, week_start date, segment text, "
        "is_used boolean, arr_home double"
    ),
    "intermediate.int_features__time_to_adopt": (
        "feature_id text, week_start date, median_days double, person_count bigint, adopter_count bigint, "
        "product_id text"
    ),
    "intermediate.int_features__repeat_use": (
        "person_id text, feature_id text, cohort_week date, segment text, is_repeat boolean, product_id text"
    ),
    "intermediate.int_roadmap__item_weeks": (
        "week_start date, roadmap_item_id text, product_id text, feature_id text, is_active boolean, is_linked boolean, "
        "is_comparable boolean, is_agreed boolean, date_gap_days bigint"
    ),
    "intermediate.int_delivery__issue_stages": (
        "issue_id text, team_id text, stage text, stage_seconds bigint, flow_seconds bigint, active_seconds bigint, "
        "resolved_date date"
    ),
    "intermediate.int_delivery__time_to_market": (
        "week_start date, team_id text, median_days double, epic_count bigint, launched_count bigint"
    ),
    "intermediate.int_delivery__epic_stage_weeks": "week_start date, epic_id text, stage text, stage_days double",
}


def semantic_manifest() -> Path:
    """The project's metrics as dbt parses them: needs no data, and no key."""
    return parsed_target() / "semantic_manifest.json"


@cache
def engine_of(manifest: Path) -> MetricEngine:
    """What compiles the metrics of a manifest that does not change any more."""
    return MetricEngine(manifest)


@cache
def manifest_of(*metrics: str) -> Path:
    """The project's metrics, of which only these are published: for all tests that ask for the same."""
    manifest = json.loads(semantic_manifest().read_text())
    for metric in manifest["metrics"]:
        if metric["name"] not in metrics:
            metric["config"]["meta"].pop("grain", None)
    folder = Path(mkdtemp(prefix="pops-metrics-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "semantic_manifest.json").write_text(json.dumps(manifest))
    shutil.copy(semantic_manifest().with_name("manifest.json"), folder)
    return folder / "semantic_manifest.json"


def create_warehouse(
    path: Path, first_day: date = date(2026, 1, 1), last_day: date = date(2026, 11, 30)
) -> Path:
    """A warehouse with all tables, empty but for the calendar."""
    with duckdb.connect(str(path)) as connection:
        for table, columns in TABLES.items():
            connection.execute(f"create schema if not exists {table.split('.')[0]}")
            connection.execute(f"create table {table} ({columns})")
    days = [first_day + timedelta(days=number) for number in range((last_day - first_day).days + 1)]
    insert(path, "marts.dim_date", [(day,) for day in days])
    return path


def insert(path: Path, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Append rows; columns that a row leaves out at its end are NULL."""
    columns = [each.split()[0] for each in TABLES[table].split(",")]
    # What a fact names is never empty.
    values = ", ".join("coalesce(?, '(no theme)')" if name == "theme_id" else "?" for name in columns)
    width = len(columns)
    with duckdb.connect(str(path)) as connection:
        connection.executemany(
            f"insert into {table} values ({values})",
            [row + (None,) * (width - len(row)) for row in rows],
        )


def execute(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """Run one statement in the file, as a process of its own would."""
    with duckdb.connect(str(path)) as connection:
        return connection.execute(sql).fetchall()


def value(path: Path, metric: str, period: date, **dimensions: str) -> tuple[Any, ...] | None:
    """Numerator, denominator, value and n of a current number; None when there is no row."""
    conditions = [
        f"{name} = '{dimensions[name]}'" if name in dimensions else f"{name} is null" for name in DIMENSIONS
    ]
    rows = execute(
        path,
        f"select numerator, denominator, value, n from metrics.metric_values where metric = '{metric}' "
        f"and period_start = date '{period}' and is_current and {' and '.join(conditions)}",
    )
    assert len(rows) <= 1, rows
    return rows[0] if rows else None
