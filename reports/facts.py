"""What is open and who pays, from the published facts as of the night: accounts, issues and tickets, not numbers of weeks."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import duckdb
import pandas as pd

# Weeks without use after which an account that was ever active has gone quiet.
QUIET_WEEKS = 3
# Days in which an answer counts a customer as a detractor.
DETRACTOR_DAYS = 60
# Days ahead in which a contract that ends or renews is told, and weeks of use that are compared with as many before.
RENEWAL_DAYS, USE_WEEKS = 90, 4

_ACCOUNTS = """
with weeks as (
    select
        account_id,
        sum(active_user_count) filter (where week_start > $week - 7 * $quiet) as recent_users,
        sum(active_user_count) filter (where week_start <= $week - 7 * $quiet) as earlier_users,
        max(week_start) filter (where active_user_count > 0) as last_active_week,
        avg(active_user_count) filter (where week_start > $week - 7 * $use) as users,
        avg(active_user_count) filter (where week_start <= $week - 7 * $use and week_start > $week - 14 * $use) as users_before,
        count(active_user_count) > 0 as is_use_known,
        count(ticket_count) > 0 as is_support_known
    from mart.mart_account_week
    where week_start <= $week
    group by account_id
),
detractors as (
    select account_id, count(*) filter (score <= 6) as detractor_count
    from mart.fct_survey_response
    where survey_kind = 'nps' and is_counted and answered_date > $as_of - $days
    group by account_id
    having count(*) filter (score <= 6) > count(*) filter (score >= 9)
),
waiting as (
    select account_id, count(*) as open_ticket_count from mart.fct_ticket where is_counted and not is_solved group by account_id
)
select
    account.account_id, account.account_name, account.last_arr_home, account.is_customer, account.is_churned, account.churned_on,
    account.renews_on,
    account.renews_on >= $as_of and account.renews_on <= $as_of + $ahead as is_renewing,
    not account.is_churned and weeks.earlier_users > 0 and coalesce(weeks.recent_users, 0) = 0 and weeks.is_use_known as is_quiet,
    weeks.last_active_week,
    coalesce(detractors.detractor_count, 0) as detractor_count,
    weeks.users, weeks.users_before,
    coalesce(weeks.is_use_known, false) as is_use_known,
    coalesce(waiting.open_ticket_count, case when weeks.is_support_known then 0 end) as open_ticket_count
from mart.dim_account as account
left join weeks on account.account_id = weeks.account_id
left join detractors on account.account_id = detractors.account_id
left join waiting on account.account_id = waiting.account_id
where account.account_id <> '(unknown)' and not account.is_test_account and not account.is_merged and not account.is_archived
order by account.last_arr_home desc nulls last, account.account_id
"""
_ISSUES = """
select case when source = 'jira' and contains(issue_id, ':') then split_part(issue_id, ':', 1) else source end as tracker,
    issue_key, team_id, feature_id, hierarchy_level, stage, status_category, created_date,
    cast(first_in_progress_at as date) as started_date, first_due_date, last_due_date, resolved_date, is_resolved,
    resolution is null or lower(trim(resolution)) not in (
        select subject from mart.mart_metric_coverage where check_name = 'resolution_is_no_delivery'
    ) as is_delivery
from mart.fct_issue
where hierarchy_level = 1 or (is_standard and not is_resolved and status_category = 'indeterminate')
order by created_date, issue_key
"""
_TICKETS = """
select feature_id, theme_id, status, created_date from mart.fct_ticket where is_counted and not is_solved order by created_date, ticket_id
"""


@dataclass(frozen=True)
class Facts:
    """Open things as of a day. `accounts`: with revenue a year in the home currency, whether they went quiet or renew soon, the
    answers of detractors of those where they outnumber promoters, people active in a week of the last weeks and of those before
    (null where nothing links it to what the product is used for), and tickets that are not solved (null likewise). `issues`: epics, and standard issues in progress. `tickets`: those that are not solved.
    """

    accounts: pd.DataFrame = field(default_factory=pd.DataFrame)
    issues: pd.DataFrame = field(default_factory=pd.DataFrame)
    tickets: pd.DataFrame = field(default_factory=pd.DataFrame)


def facts_of(mart: duckdb.DuckDBPyConnection, week_start: date, as_of: date) -> Facts:
    """The facts beside the newest complete week; none beside an older one, of which they say nothing."""
    if week_start + timedelta(days=14) <= as_of:
        return Facts()
    asked = {"week": week_start, "as_of": as_of, "quiet": QUIET_WEEKS, "days": DETRACTOR_DAYS,
             "use": USE_WEEKS, "ahead": RENEWAL_DAYS}  # fmt: skip
    return Facts(
        accounts=mart.execute(_ACCOUNTS, asked).df(), issues=mart.execute(_ISSUES).df(), tickets=mart.execute(_TICKETS).df()
    )  # fmt: skip
