"""What every metric must say of itself: stated here apart from the definitions."""

PRODUCT, SUPPORT, DELIVERY = "team:product-ops", "team:support-operations", "team:engineering-operations"
FUNNEL = ("funnel_id", "step")
USERS = "|product_id|feature_id|segment"
# Metric: owner, unit, grain, groupings (dimensions joined by +, groupings by |, nothing: the whole).
CATALOGUE = {
    "active_users_day": (PRODUCT, "users", "day", USERS),
    "active_users_7d": (PRODUCT, "users", "day", USERS),
    "active_users_30d": (PRODUCT, "users", "day", USERS),
    "active_accounts_day": (PRODUCT, "accounts", "day", "|product_id|segment"),
    "active_accounts_7d": (PRODUCT, "accounts", "day", "|product_id|segment"),
    "active_accounts_30d": (PRODUCT, "accounts", "day", "|product_id|segment"),
    "active_users_week": (PRODUCT, "users", "week", USERS),
    "new_users": (PRODUCT, "users", "week", "|segment"),
    "stickiness_ratio": (PRODUCT, "ratio", "month", ""),
    "lifecycle_new_users": (PRODUCT, "users", "week", "|segment"),
    "lifecycle_current_users": (PRODUCT, "users", "week", "|segment"),
    "lifecycle_resurrected_users": (PRODUCT, "users", "week", "|segment"),
    "lifecycle_dormant_users": (PRODUCT, "users", "week", "|segment"),
    "retention_rate_d1": (PRODUCT, "ratio", "week", "|segment"),
    "retention_rate_d7": (PRODUCT, "ratio", "week", "|segment"),
    "retention_rate_d28": (PRODUCT, "ratio", "week", "|segment"),
    "feature_adoption_rate": (PRODUCT, "ratio", "week", "feature_id|feature_id+segment"),
    "feature_reach_rate": (PRODUCT, "ratio", "week", "feature_id"),
    "feature_account_adoption_rate": (PRODUCT, "ratio", "week", "feature_id"),
    "feature_arr_adoption_rate": (PRODUCT, "ratio", "week", "feature_id"),
    "feature_time_to_adopt_days_median": (PRODUCT, "days", "week", "feature_id"),
    "feature_repeat_use_rate": (PRODUCT, "ratio", "week", "feature_id"),
    "features_used_rate": (PRODUCT, "ratio", "week", "|product_id"),
    "zombie_features": (PRODUCT, "count", "week", "|product_id"),
    "funnel_conversion_rate": (PRODUCT, "ratio", "week", "funnel_id+step|funnel_id+step+segment"),
    "funnel_drop_off_rate": (PRODUCT, "ratio", "week", "funnel_id+step"),
    "funnel_step_seconds_median": (PRODUCT, "seconds", "week", "funnel_id+step"),
    "tickets_created": (SUPPORT, "count", "week", "|feature_id|segment"),
    "untagged_ticket_share": (SUPPORT, "ratio", "week", ""),
    "contact_rate": (SUPPORT, "tickets_per_1000_users", "week", "|feature_id"),
    "first_reply_seconds_median": (SUPPORT, "seconds", "week", "|feature_id|segment"),
    "first_reply_seconds_p85": (SUPPORT, "seconds", "week", "|feature_id|segment"),
    "first_resolution_seconds_median": (SUPPORT, "seconds", "week", "|feature_id|segment"),
    "full_resolution_seconds_median": (SUPPORT, "seconds", "week", "|feature_id|segment"),
    "full_resolution_seconds_p85": (SUPPORT, "seconds", "week", "|feature_id|segment"),
    "requester_wait_seconds_median": (SUPPORT, "seconds", "week", ""),
    "agent_wait_seconds_median": (SUPPORT, "seconds", "week", ""),
    "ticket_reopen_rate": (SUPPORT, "ratio", "week", ""),
    "one_touch_rate": (SUPPORT, "ratio", "week", "|feature_id|segment"),
    "ticket_csat_rate": (SUPPORT, "ratio", "week", "|feature_id"),
    "ticket_csat_response_rate": (SUPPORT, "ratio", "week", ""),
    "sprint_predictability": (DELIVERY, "ratio", "week", "|team_id"),
    "issue_lead_time_seconds_median": (DELIVERY, "seconds", "week", "|team_id"),
    "issue_lead_time_seconds_p85": (DELIVERY, "seconds", "week", "|team_id"),
    "issue_lead_time_seconds_mean": (DELIVERY, "seconds", "week", "|team_id"),
    "issue_cycle_time_seconds_median": (DELIVERY, "seconds", "week", "|team_id"),
    "issue_cycle_time_seconds_p85": (DELIVERY, "seconds", "week", "|team_id"),
    "issue_cycle_time_seconds_mean": (DELIVERY, "seconds", "week", "|team_id"),
    "stage_time_seconds_median": (DELIVERY, "seconds", "week", "stage|stage+team_id"),
    "stage_time_seconds_p85": (DELIVERY, "seconds", "week", "stage|stage+team_id"),
    "on_time_rate": (DELIVERY, "ratio", "week", "|team_id"),
    "on_time_rate_last_due": (DELIVERY, "ratio", "week", "|team_id"),
    "committed_issue_share": (DELIVERY, "ratio", "week", "|team_id"),
    "roadmap_link_rate": (PRODUCT, "ratio", "week", "|product_id"),
    "roadmap_status_agreement_rate": (PRODUCT, "ratio", "week", "|product_id"),
    "roadmap_date_gap_days_median": (PRODUCT, "days", "week", "|product_id"),
    # The model holds the row of all teams beside those of each.
    "time_to_market_days_median": (DELIVERY, "days", "week", "team_id"),
    "time_to_market_stage_days_median": (DELIVERY, "days", "week", "stage"),
    "deployment_frequency": (DELIVERY, "ratio", "week", "team_id"),
    "change_failure_rate": (DELIVERY, "ratio", "week", "|team_id"),
    "change_lead_time_seconds_median": (DELIVERY, "seconds", "week", "|team_id"),
    "pull_request_stage_seconds_median": (DELIVERY, "seconds", "week", "stage"),
    "feedback_received": (PRODUCT, "count", "week", "|feature_id"),
    "feedback_negative_rate": (PRODUCT, "ratio", "week", "|feature_id"),
    "nps": (PRODUCT, "points", "month", "|product_id|segment"),
    "nps_standard_error": (PRODUCT, "points", "month", "|product_id|segment"),
    "csat_rate": (PRODUCT, "ratio", "week", "|feature_id"),
    "team_pulse_rate": (PRODUCT, "ratio", "month", "|team_id"),
}

# Subject: the metrics whose names begin so; the longest beginning counts.
SUBJECTS = {
    "adoption": ("feature", "zombie_features"),
    "delivery": ("sprint", "issue", "stage_time", "on_time", "committed", "time_to_market", "deployment", "change", "pull_request"),
    "feedback": ("feedback",),
    "funnels": ("funnel",),
    "roadmap": ("roadmap",),
    "satisfaction": ("nps", "csat", "ticket_csat", "team_pulse"),
    "support": ("ticket", "untagged", "contact_rate", "first_re", "full_resolution", "requester", "agent", "one_touch"),
    "usage": ("active", "new_users", "stickiness", "lifecycle", "retention"),
}  # fmt: skip


def subject_of(metric: str) -> str:
    """The subject under which a metric is looked for."""
    beginnings = {start: subject for subject, starts in SUBJECTS.items() for start in starts}
    return beginnings[max((start for start in beginnings if metric.startswith(start)), key=len)]
