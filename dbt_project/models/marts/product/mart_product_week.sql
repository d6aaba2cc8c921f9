-- Grain: one row a product of the registry and complete week of the usage history: use, features, support, feedback and
-- delivery side by side.
with product_weeks as (
    select
        product_id,
        product_name,
        week_start,
        cast(sum(case when is_rate_eligible then 1 else 0 end) as bigint) as judged_feature_count,
        cast(sum(case when is_rate_eligible and is_used_feature then 1 else 0 end) as bigint) as used_feature_count,
        cast(sum(case when is_zombie then 1 else 0 end) as bigint) as zombie_feature_count,
        cast(sum(adopter_count) as double) / nullif(sum(eligible_user_count), 0) as breadth_rate
    from {{ ref('mart_feature_week') }}
    group by product_id, product_name, week_start
),

users as (
    select
        product_id,
        {{ week_start('event_date') }} as week_start,
        cast(count(distinct person_id) as bigint) as active_user_count,
        cast(sum(event_count) as bigint) as event_count
    from {{ ref('fct_usage_daily') }}
    group by product_id, {{ week_start('event_date') }}
),

accounts as (
    select
        product_id,
        {{ week_start('event_date') }} as week_start,
        cast(count(distinct account_id) as bigint) as active_account_count
    from {{ ref('fct_account_usage_daily') }}
    where account_id <> '(unknown)'
    group by product_id, {{ week_start('event_date') }}
),

tickets as (
    select
        product_id,
        {{ week_start('created_date') }} as week_start,
        cast(count(*) as bigint) as ticket_count
    from {{ ref('fct_ticket') }}
    where is_counted
    group by product_id, {{ week_start('created_date') }}
),

feedback as (
    select
        product_id,
        {{ week_start('created_date') }} as week_start,
        cast(count(*) as bigint) as feedback_count
    from {{ ref('fct_feedback') }}
    group by product_id, {{ week_start('created_date') }}
),

delivered as (
    select
        product_id,
        {{ week_start('resolved_date') }} as week_start,
        cast(count(*) as bigint) as delivered_issue_count
    from {{ ref('fct_issue') }}
    where is_standard and is_delivered
    group by product_id, {{ week_start('resolved_date') }}
)

select
    weeks.product_id,
    weeks.product_name,
    weeks.week_start,
    coalesce(users.active_user_count, 0) as active_user_count,
    coalesce(accounts.active_account_count, 0) as active_account_count,
    coalesce(users.event_count, 0) as event_count,
    weeks.judged_feature_count,
    weeks.used_feature_count,
    weeks.zombie_feature_count,
    weeks.breadth_rate,
    {{ count_or_unknown('tickets.ticket_count', ref('fct_ticket')) }} as ticket_count,
    cast(1000 * {{ count_or_unknown('tickets.ticket_count', ref('fct_ticket')) }} as double)
    / nullif(users.active_user_count, 0) as contact_rate,
    {{ count_or_unknown('feedback.feedback_count', ref('fct_feedback')) }} as feedback_count,
    {{ count_or_unknown('delivered.delivered_issue_count', ref('fct_issue')) }} as delivered_issue_count
from product_weeks as weeks
left join users on weeks.product_id = users.product_id and weeks.week_start = users.week_start
left join accounts on weeks.product_id = accounts.product_id and weeks.week_start = accounts.week_start
left join tickets on weeks.product_id = tickets.product_id and weeks.week_start = tickets.week_start
left join feedback on weeks.product_id = feedback.product_id and weeks.week_start = feedback.week_start
left join delivered on weeks.product_id = delivered.product_id and weeks.week_start = delivered.week_start
