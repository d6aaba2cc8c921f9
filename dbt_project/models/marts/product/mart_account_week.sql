-- Grain: one row a customer account and complete week of the usage history since the account was created, silent weeks
-- included. Test accounts and merged-away accounts are out. Segment as of the week's first day; plan and ARR of today, no ARR from the
-- week of a churn on; the day of renewal is that which the CRM had at the week's end. A count is null where nothing links
-- the account to the tools that would tell it.
with weeks as (
    {{ complete_weeks() }}
),

accounts as (
    select
        account_id, account_name, segment, plan, last_arr_home, churned_on, is_archived, has_app_account,
        has_app_account or has_domain as has_link,
        {{ reporting_date('created_at') }} as created_date
    from {{ ref('int_crm__accounts') }}
    where not is_test_account and not is_merged
),

usage as (
    select
        account_id,
        week_start,
        cast(sum(event_count) as bigint) as event_count,
        cast(count(distinct case when feature_id <> '(unmapped)' then feature_id end) as bigint) as feature_count
    from {{ ref('int_usage__account_days') }}
    where account_id <> '(unknown)'
    group by account_id, week_start
),

users as (
    select
        days.account_id,
        {{ week_start('days.event_date') }} as week_start,
        cast(count(distinct days.person_id) as bigint) as active_user_count
    from {{ ref('int_usage__person_days') }} as days
    inner join {{ ref('int_identity__persons') }} as persons
        on days.person_id = persons.person_id and not persons.is_excluded
    where not days.is_bot and not days.is_passive
    group by days.account_id, {{ week_start('days.event_date') }}
),

tickets as (
    select
        account_id,
        {{ week_start('created_date') }} as week_start,
        cast(count(*) as bigint) as ticket_count
    from {{ ref('fct_ticket') }}
    where is_counted and account_id <> '(unknown)'
    group by account_id, {{ week_start('created_date') }}
),

feedback as (
    select
        account_id,
        {{ week_start('created_date') }} as week_start,
        cast(count(*) as bigint) as feedback_count
    from {{ ref('fct_feedback') }}
    where account_id <> '(unknown)'
    group by account_id, {{ week_start('created_date') }}
),

instrumented as (
    select feature_id
    from {{ ref('int_features__features') }}
    where is_instrumented
)

select
    accounts.account_id,
    coalesce(accounts.account_name, accounts.account_id) as account_name,
    weeks.week_start,
    weeks.week_start = max(weeks.week_start) over () as is_newest_week,
    coalesce(segments.segment, accounts.segment, '(unknown)') as segment,
    coalesce(accounts.plan, '(unknown)') as plan,
    case when accounts.churned_on <= weeks.week_end or accounts.is_archived then 0.0 else accounts.last_arr_home end as arr_home,
    coalesce(accounts.churned_on <= weeks.week_end, false) as is_churned,
    renewals.renews_on,
    renewals.renews_on > weeks.week_end and renewals.renews_on <= {{ add_days('weeks.week_end', 90) }} as is_renewal_due,
    case when accounts.has_app_account then {{ count_or_unknown('users.active_user_count', 'usage') }} end as active_user_count,
    case when accounts.has_app_account then {{ count_or_unknown('usage.event_count', 'usage') }} end as event_count,
    case
        when accounts.has_app_account and (select count(*) from instrumented) > 0
            then {{ count_or_unknown('usage.feature_count', 'usage') }}
    end as feature_count,
    case
        when accounts.has_link then {{ count_or_unknown('tickets.ticket_count', 'tickets') }} else tickets.ticket_count
    end as ticket_count,
    case
        when accounts.has_link then {{ count_or_unknown('feedback.feedback_count', 'feedback') }} else feedback.feedback_count
    end as feedback_count
from accounts
inner join weeks on accounts.created_date is null or accounts.created_date <= weeks.week_end
left join {{ ref('int_usage__account_week_segments') }} as segments
    on accounts.account_id = segments.account_id and weeks.week_start = segments.week_start
left join {{ ref('int_crm__account_renewals') }} as renewals
    on accounts.account_id = renewals.account_id and weeks.week_end >= renewals.valid_from and weeks.week_end < renewals.valid_to
left join usage on accounts.account_id = usage.account_id and weeks.week_start = usage.week_start
left join users on accounts.account_id = users.account_id and weeks.week_start = users.week_start
left join tickets on accounts.account_id = tickets.account_id and weeks.week_start = tickets.week_start
left join feedback on accounts.account_id = feedback.account_id and weeks.week_start = feedback.week_start
