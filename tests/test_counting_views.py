"""The views `mart.counted_*`: a plain query over one gives the number that is published."""

import json
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from metrics.dimensions import IS_WHOLE
from publication.counting_views import counting_views, counting_views_of
from reports.facts import facts_of
from settings.home import Home
from tests.nights import NIGHTS, three_nights
from tests.parsed_project import parsed_target

# Metric: view, day, what an analyst writes without knowing what counts.
PLAIN = {
    "tickets_created": ("counted_tickets", "created_date", "count(*)"),
    "first_reply_seconds_median": ("counted_tickets", "first_reply_date", "median(first_reply_seconds)"),
    "full_resolution_seconds_median": ("counted_solved_tickets", "solved_date", "median(full_resolution_seconds)"),
    "one_touch_rate": (
        "counted_solved_tickets_with_reply", "solved_date",
        "avg(case when public_reply_count = 1 then 1.0 else 0 end) filter (full_resolution_seconds is not null)",
    ),
    "ticket_csat_rate": ("counted_ratings", "rated_date", "avg(case when score = 'good' then 1.0 else 0 end)"),
    "ticket_csat_response_rate": ("counted_ratings_asked_for", "offered_date", "count(score) / count(*)"),
    "csat_rate": ("counted_csat_answers", "answered_date", "avg(case when score >= scale_max - 1 then 1.0 else 0 end)"),
    "nps": ("counted_nps_answers", "answered_date", "100 * avg(case when score >= 9 then 1 when score <= 6 then -1 else 0 end)"),
    "team_pulse_rate": (
        "counted_team_pulse_answers", "answered_date", "avg(case when score >= scale_max - 1 then 1.0 else 0 end)",
    ),
    "issue_lead_time_seconds_median": ("counted_delivered_issues", "resolved_date", "median(lead_time_seconds)"),
    "issue_cycle_time_seconds_median": ("counted_delivered_issues", "done_date", "median(cycle_time_seconds)"),
    "on_time_rate": ("counted_issues", "commitment_date", "avg(cast(is_on_time as integer))"),
    "sprint_predictability": (
        "counted_sprints", "completed_date", "sum(completed_of_committed_count) / nullif(sum(committed_count), 0)",
    ),
    "change_failure_rate": ("counted_deployments", "deployed_date", "avg(cast(has_incident as integer))"),
    "deals_won": ("counted_won_deals", "closed_date", "count(*)"),
    "deals_won_amount": ("counted_won_deals", "closed_date", "sum(amount_home)"),
    "renewal_rate": ("counted_decided_renewals", "closed_date", "avg(cast(is_won as integer))"),
    "sla_attainment_rate": ("counted_sla_promises", "due_date", "avg(cast(is_met as integer))"),
    "active_accounts_day": ("counted_account_usage", "event_date", "count(distinct account_id)"),
}  # fmt: skip


@pytest.fixture(scope="module")
def mart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Home(three_nights(tmp_path_factory).house.home).published


def test_every_filter_over_a_published_fact_has_a_view() -> None:
    semantic = json.loads((parsed_target() / "semantic_manifest.json").read_text())
    facts = {
        measure["name"]: model["node_relation"]["alias"]
        for model in semantic["semantic_models"]
        if model["node_relation"]["schema_name"] == "marts"
        for measure in model["measures"]
    }
    filtered = {
        metric["label"]
        for metric in semantic["metrics"]
        if metric["type"] == "simple"
        and metric["filter"]
        and metric["type_params"]["measure"]["name"] in facts
    }
    views = counting_views(semantic)
    assert filtered == {number.label for view in views for number in view.numbers}
    assert {view.name for view in views} == {view for view, _, _ in PLAIN.values()}


@pytest.mark.parametrize("metric", PLAIN)
def test_a_plain_query_gives_the_published_number(mart: Path, metric: str) -> None:
    view, day, aggregate = PLAIN[metric]
    with duckdb.connect(str(mart), read_only=True) as connection:
        published = connection.execute(
            "select grain, period_start, value from metrics.metric_values where metric = ? and is_current and value is not null "
            f"and {IS_WHOLE} order by period_start desc limit 8",
            [metric],
        ).fetchall()
        assert len(published) >= 2
        for grain, start, value in published:
            ((plain,),) = connection.execute(
                f"select {aggregate} from mart.{view} where date_trunc('{grain}', {day}) = ?", [start]
            ).fetchall()
            assert float(plain) == pytest.approx(value), start


def test_customers_and_their_revenue_are_those_that_the_report_tells(mart: Path) -> None:
    week = newest_week()
    with duckdb.connect(str(mart), read_only=True) as connection:
        (plain,) = connection.execute("select count(*), sum(arr_home) from mart.counted_customers").fetchall()
        accounts = facts_of(connection, week, NIGHTS[-1]).accounts
        paying = accounts[~accounts["is_churned"] & (accounts["last_arr_home"] != 0)]
        assert plain == (len(paying), pytest.approx(paying["last_arr_home"].sum()))
        (every,) = connection.execute("select sum(arr_home) from mart.dim_account").fetchall()
        assert every == (plain[1],)


def test_a_state_of_the_newest_week_is_summed_once(mart: Path) -> None:
    week = newest_week()
    with duckdb.connect(str(mart), read_only=True) as connection:
        views = {view.name: view for view in counting_views_of(parsed_target())}
        sql = {each.metric: each.sql for each in views["counted_newest_account_week"].numbers}
        due = f"select {sql['revenue_to_be_renewed']} from mart.counted_newest_account_week"
        published = "select value from metrics.sales where metric = 'renewals_due_arr' and is_current and cut = 'total' and period_start = ?"
        assert connection.execute(due).fetchall() == connection.execute(published, [week]).fetchall()
        ((accounts, rows),) = connection.execute(
            "select count(distinct account_id), count(*) from mart.counted_newest_account_week"
        ).fetchall()
        assert accounts == rows > 0


def newest_week() -> date:
    return NIGHTS[-1] - timedelta(days=NIGHTS[-1].weekday() + 7)


def test_the_views_are_described_as_their_fact(mart: Path) -> None:
    columns = (
        "select column_name, is_nullable, is_key, references_column, meaning from meta.columns "
        "where table_schema = 'mart' and table_name = ? order by ordinal_position"
    )
    with duckdb.connect(str(mart), read_only=True) as connection:
        of_view, of_fact = (
            connection.execute(columns, [name]).fetchall() for name in ("counted_tickets", "fct_ticket")
        )
        ((text,),) = connection.execute(
            "select comment from duckdb_views() where view_name = 'counted_tickets'"
        ).fetchall()
    assert of_view == of_fact
    assert text.startswith("The rows of mart.fct_ticket that count (is_counted)")
    assert "Tickets created: count(*) by created_date" in text


def test_every_number_of_a_view_is_the_published_one(mart: Path) -> None:
    views = counting_views(json.loads((parsed_target() / "semantic_manifest.json").read_text()))
    asked = [
        (view.name, number.day, number.metric, number.sql)
        for view in views
        for number in view.numbers
        if number.is_published
    ]
    for view in views:
        sql = {number.metric: number.sql for number in view.numbers}
        day = {number.metric: number.day for number in view.numbers}
        asked += [
            (view.name, day[share.numerator], share.metric, f"1.0 * {sql[share.numerator]} / nullif({sql[share.denominator]}, 0)")
            for share in view.shares
        ]  # fmt: skip
    compared = 0
    with duckdb.connect(str(mart), read_only=True) as connection:
        for view_name, day_of, metric, aggregate in asked:
            rows = connection.execute(
                f"select value, (select {aggregate} from mart.{view_name} where date_trunc(grain, {day_of}) = period_start) "
                f"from metrics.metric_values where metric = ? and is_current and value is not null and {IS_WHOLE} "
                "order by period_start desc limit 4",
                [metric],
            ).fetchall()
            compared += len(rows)
            assert all(plain == pytest.approx(value) for value, plain in rows), (metric, rows)
    assert compared > 100
