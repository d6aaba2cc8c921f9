"""What an analyst would write over the published mart for each metric that its tables hold: no code of ours, no MetricFlow.

Each statement gives (first day of the period, member or null, value) for periods of the metric's length.
"""

_COUNTED = "is_counted"
_SOLVED = "is_counted and is_solved"
_DELIVERED = "is_standard and is_delivered"


def _of(
    table: str, day: str, value: str, where: str = "true", period: str = "week", member: str = "null"
) -> str:
    return (
        f"select cast(date_trunc('{period}', {day}) as date), {member}, {value} from mart.{table} "
        f"where {where} and {day} is not null group by 1, 2"
    )


def _rolling(table: str, who: str, days: int, where: str = "true") -> str:
    return (
        f"select dim_date.date_day, null, count(distinct {who}) from mart.dim_date join mart.{table} "
        f"on event_date between date_day - {days - 1} and date_day "
        f"where date_day between date '2026-11-13' and date '2026-11-15' and {where} group by 1"
    )


_KNOWN = "account_id <> '(unknown)'"
_NPS = "is_counted and survey_kind = 'nps'"
_WON = "is_counted and is_won"
_HIGH = "avg(case when score >= scale_max - 1 then 1.0 else 0 end)"
MART_SQL = {
    "active_users_day": _rolling("fct_usage_daily", "person_id", 1),
    "active_users_7d": _rolling("fct_usage_daily", "person_id", 7),
    "active_users_30d": _rolling("fct_usage_daily", "person_id", 30),
    "active_accounts_day": _rolling("fct_account_usage_daily", "account_id", 1, _KNOWN),
    "active_accounts_7d": _rolling("fct_account_usage_daily", "account_id", 7, _KNOWN),
    "active_accounts_30d": _rolling("fct_account_usage_daily", "account_id", 30, _KNOWN),
    "active_users_week": _of("fct_usage_daily", "event_date", "count(distinct person_id)"),
    "feature_adoption_rate": _of("mart_feature_week", "week_start", "any_value(adoption_rate)", member="feature_id"),
    "feature_reach_rate": _of("mart_feature_week", "week_start", "any_value(user_count / active_user_count)", member="feature_id"),
    "feature_breadth_rate": _of("mart_feature_week", "week_start", "sum(adopter_count) / nullif(sum(eligible_user_count), 0)"),
    "features_used_rate": _of("mart_product_week", "week_start", "sum(used_feature_count) / nullif(sum(judged_feature_count), 0)"),
    "stickiness_exact_days_rate": _of("mart_stickiness_week", "week_start", "sum(exact_user_count) / sum(active_user_count)", member="cast(days as text)"),
    "stickiness_at_least_days_rate": _of("mart_stickiness_week", "week_start", "sum(at_least_user_count) / sum(active_user_count)", member="cast(days as text)"),
    "zombie_features": _of("mart_product_week", "week_start", "sum(zombie_feature_count)"),
    "tickets_created": _of("fct_ticket", "created_date", "count(*)", _COUNTED),
    "untagged_ticket_share": _of("fct_ticket", "created_date", "avg(case when feature_id = '(untagged)' then 1.0 else 0 end)", _COUNTED),
    "contact_rate": "select week, null, 1000 * tickets / users from (select date_trunc('week', created_date)::date as week, count(*) as tickets "
    "from mart.fct_ticket where is_counted group by 1) join (select date_trunc('week', event_date)::date as week, count(distinct person_id) as users "
    "from mart.fct_usage_daily group by 1) using (week)",
    "first_reply_seconds_median": _of("fct_ticket", "first_reply_date", "median(first_reply_seconds)", _COUNTED),
    "first_reply_seconds_p85": _of("fct_ticket", "first_reply_date", "quantile_cont(first_reply_seconds, 0.85)", _COUNTED),
    "first_resolution_seconds_median": _of("fct_ticket", "first_solved_date", "median(first_resolution_seconds)", _SOLVED),
    "full_resolution_seconds_median": _of("fct_ticket", "solved_date", "median(full_resolution_seconds)", _SOLVED),
    "full_resolution_seconds_p85": _of("fct_ticket", "solved_date", "quantile_cont(full_resolution_seconds, 0.85)", _SOLVED),
    "requester_wait_seconds_median": _of("fct_ticket", "solved_date", "median(requester_wait_seconds)", _SOLVED),
    "agent_wait_seconds_median": _of("fct_ticket", "solved_date", "median(agent_wait_seconds)", _SOLVED),
    "first_reply_business_seconds_median": _of("fct_ticket", "first_reply_date", "median(first_reply_business_seconds)", _COUNTED),
    "first_reply_business_seconds_p85": _of("fct_ticket", "first_reply_date", "quantile_cont(first_reply_business_seconds, 0.85)", _COUNTED),
    "first_resolution_business_seconds_median": _of("fct_ticket", "first_solved_date", "median(first_resolution_business_seconds)", _SOLVED),
    "full_resolution_business_seconds_median": _of("fct_ticket", "solved_date", "median(full_resolution_business_seconds)", _SOLVED),
    "full_resolution_business_seconds_p85": _of("fct_ticket", "solved_date", "quantile_cont(full_resolution_business_seconds, 0.85)", _SOLVED),
    "requester_wait_business_seconds_median": _of("fct_ticket", "solved_date", "median(requester_wait_business_seconds)", _SOLVED),
    "agent_wait_business_seconds_median": _of("fct_ticket", "solved_date", "median(agent_wait_business_seconds)", _SOLVED),
    "ticket_reopen_rate": _of("fct_ticket", "solved_date", "avg(solved_count - 1)", _SOLVED),
    "sla_attainment_rate": _of("fct_sla_instance", "due_date", "avg(case when is_met then 1.0 else 0 end)", "is_counted"),
    "one_touch_rate": _of("fct_ticket", "solved_date", "avg(case when public_reply_count = 1 then 1.0 else 0 end)", _SOLVED + " and public_reply_count > 0"),
    "ticket_csat_rate": _of("fct_ticket_rating", "rated_date", "avg(case when score = 'good' then 1.0 else 0 end)", "is_counted and is_latest and score is not null"),
    "ticket_csat_response_rate": _of("fct_ticket_rating", "offered_date", "count(score) / count(*)", _COUNTED),
    "feedback_received": _of("fct_feedback", "created_date", "count(*)"),
    "feedback_negative_rate": _of("fct_feedback", "created_date", "avg(case when sentiment = 'negative' then 1.0 else 0 end)", "sentiment is not null"),
    "sprint_predictability": _of("fct_sprint", "completed_date", "sum(completed_of_committed_count) / nullif(sum(committed_count), 0)", "is_completed"),
    "issue_lead_time_seconds_median": _of("fct_issue", "resolved_date", "median(lead_time_seconds)", _DELIVERED),
    "issue_lead_time_seconds_p85": _of("fct_issue", "resolved_date", "quantile_cont(lead_time_seconds, 0.85)", _DELIVERED),
    "issue_lead_time_seconds_mean": _of("fct_issue", "resolved_date", "avg(lead_time_seconds)", _DELIVERED),
    "issue_cycle_time_seconds_median": _of("fct_issue", "done_date", "median(cycle_time_seconds)", _DELIVERED),
    "issue_cycle_time_seconds_p85": _of("fct_issue", "done_date", "quantile_cont(cycle_time_seconds, 0.85)", _DELIVERED),
    "issue_cycle_time_seconds_mean": _of("fct_issue", "done_date", "avg(cycle_time_seconds)", _DELIVERED),
    "on_time_rate": _of("fct_issue", "commitment_date", "avg(is_on_time::int)", "is_standard"),
    "on_time_rate_last_due": _of("fct_issue", "commitment_last_date", "avg(is_on_time_last_due::int)", "is_standard"),
    "committed_issue_share": _of("fct_issue", "resolved_date", "avg(case when is_committed then 1.0 else 0 end)", _DELIVERED),
    "issue_reopen_rate": _of("fct_issue", "first_done_date", "avg(is_reopened::int)", "is_standard"),
    "due_slip_days_median": _of("fct_issue", "resolved_date", "median(due_slip_days)", _DELIVERED),
    "due_date_moves": _of("fct_issue", "resolved_date", "sum(due_move_count)", _DELIVERED + " and due_slip_days is not null"),
    "change_failure_rate": _of("fct_deployment", "deployed_date", "avg(case when has_incident then 1.0 else 0 end)", _COUNTED),
    "change_lead_time_seconds_median": _of("fct_pull_request", "deployed_date", "median(change_lead_time_seconds)"),
    "nps": _of("fct_survey_response", "answered_date", "avg(case when score >= 9 then 100.0 when score <= 6 then -100 else 0 end)", _NPS, "month"),
    "nps_standard_error": _of("fct_survey_response", "answered_date", "stddev_pop(case when score >= 9 then 100.0 when score <= 6 then -100 else 0 end) / sqrt(count(*))", _NPS, "month"),
    "csat_rate": _of("fct_survey_response", "answered_date", _HIGH, "is_counted and survey_kind = 'csat'"),
    "team_pulse_rate": _of("fct_survey_response", "answered_date", _HIGH, "is_counted and survey_kind = 'team_pulse'", "month"),
    "deals_won": _of(f"dim_date left join mart.fct_deal on closed_date = date_day and {_WON}", "date_day", "count(deal_id)"),
    "deals_won_amount": _of("fct_deal", "closed_date", "sum(amount_home)", _WON),
    "renewal_rate": _of("fct_deal", "closed_date", "avg(is_won::int)", "is_counted and is_closed and is_renewal"),
    "renewals_due_arr": _of("mart_account_week", "week_start", "sum(case when is_renewal_due then arr_home else 0 end)", "renews_on is not null"),
}  # fmt: skip

# Metric, by what, and where a wide weekly table shows the same: no join, one number a row.
WIDE_WEEKLY = (
    ("active_users_week", "product_id", "mart_product_week", "active_user_count"),
    ("features_used_rate", "product_id", "mart_product_week", "used_feature_count / nullif(judged_feature_count, 0)"),
    ("feature_breadth_rate", "product_id", "mart_product_week", "breadth_rate"),
    ("zombie_features", "product_id", "mart_product_week", "zombie_feature_count"),
    ("active_users_week", "feature_id", "mart_feature_week", "user_count"),
    ("feature_adoption_rate", "feature_id", "mart_feature_week", "adoption_rate"),
    ("feature_uses_median", "feature_id", "mart_feature_week", "uses_median"),
    ("feature_uses_p90", "feature_id", "mart_feature_week", "uses_p90"),
    ("feature_use_days_median", "feature_id", "mart_feature_week", "use_days_median"),
    ("feature_use_days_p90", "feature_id", "mart_feature_week", "use_days_p90"),
    ("feature_use_days_mean", "feature_id", "mart_feature_week", "use_days_mean"),
    ("tickets_created", "feature_id", "mart_feature_week", "ticket_count"),
    ("contact_rate", "feature_id", "mart_feature_week", "contact_rate"),
    ("issue_lead_time_seconds_median", "team_id", "mart_delivery_week", "lead_time_seconds_median"),
    ("change_failure_rate", "team_id", "mart_delivery_week", "failed_deployment_count / nullif(deployment_count, 0)"),
    ("sprint_predictability", "team_id", "mart_delivery_week", "sprint_completed_count / nullif(sprint_committed_count, 0)"),
)  # fmt: skip


def _of_product(metric: str, value: str = "value", period: str = "period_start") -> str:
    others = "team_id is null and feature_id is null and segment is null"
    return (
        f"select product_id, {period}, {value} from metrics.metric_values "
        f"where is_current and metric = '{metric}' and product_id is not null and {others}"
    )


# A feature has one product; what belongs to no feature belongs to none.
_TICKETS = (
    "select dim_feature.product_id, period_start, sum(value) from metrics.metric_values as found "
    "join mart.dim_feature on found.feature_id = dim_feature.feature_id "
    "where is_current and metric = 'tickets_created' and segment is null group by 1, 2"
)
# Columns of mart_product_week, and where metric_values holds the same by (product, first day of the week).
PRODUCT_WEEK = {
    "active_user_count": _of_product("active_users_week"),
    "active_account_count": _of_product("active_accounts_7d", period="period_start - 6"),
    "judged_feature_count": _of_product("features_used_rate", "denominator"),
    "used_feature_count": _of_product("features_used_rate", "numerator"),
    "zombie_feature_count": _of_product("zombie_features"),
    "breadth_rate": _of_product("feature_breadth_rate"),
    "ticket_count": _TICKETS,
    "contact_rate": f"select product_id, week, 1000 * tickets / nullif(users, 0) from ({_TICKETS}) as of_week(product_id, week, tickets) "
    f"join ({_of_product('active_users_week')}) as active(product_id, week, users) using (product_id, week)",
}  # fmt: skip
# Those of which no value by product is published: metrics that MetricFlow is asked for.
PRODUCT_WEEK_ASKED = {"feedback_count": "feedback_received", "delivered_issue_count": "issues_delivered"}
# No metric counts events.
PRODUCT_WEEK_ALONE = {"event_count"}
