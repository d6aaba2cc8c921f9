-- Grain: one row a product of the registry and complete week of the usage history: use, features, support, feedback and
-- delivery side by side. A count is null where none of the product's features is named by what it could be told.
with product_weeks as (
    select
        product_id,
        product_name,
        week_start,
        cast(sum(case when is_rate_eligible then 1 else 0 end) as bigint) as judged_feature_count,
        cast(sum(case when is_rate_eligible and is_used_feature then 1 else 0 end) as bigint) as used_feature_count,
        cast(sum(case when is_zombie then 1 else 0 end) as bigint) as zombie_feature_count,
        cast(sum(adopter_count) as double) / nullif(sum(eligible_user_count), 0) as breadth_rate,
        max(user_count) is not null as is_use_told,
        max(ticket_count) is not null as is_ticket_told,
        max(feedback_count) is not null as is_feedback_told,
        max(delivered_issue_count) is not null as is_delivery_told
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
    case when weeks.is_use_told then coalesce(users.active_user_count, 0) end as active_user_count,
    case when weeks.is_use_told then {{ count_or_unknown('accounts.active_account_count', 'accounts') }} end as active_account_count,
    case when weeks.is_use_told then coalesce(users.event_count, 0) end as event_count,
    weeks.judged_feature_count,
    weeks.used_feature_count,
    weeks.zombie_feature_count,
    weeks.breadth_rate,
    case when weeks.is_ticket_told then coalesce(tickets.ticket_count, 0) end as ticket_count,
    case when weeks.is_ticket_told then cast(1000 * coalesce(tickets.ticket_count, 0) as double) end
    / nullif(users.active_user_count, 0) as contact_rate,
    coalesce(feedback.feedback_count, case when weeks.is_feedback_told then 0 end) as feedback_count,
    case when weeks.is_delivery_told then coalesce(delivered.delivered_issue_count, 0) end as delivered_issue_count
from product_weeks as weeks
left join users on weeks.product_id = users.product_id and weeks.week_start = users.week_start
left join accounts on weeks.product_id = accounts.product_id and weeks.week_start = accounts.week_start
left join tickets on weeks.product_id = tickets.product_id and weeks.week_start = tickets.week_start
left join feedback on weeks.product_id = feedback.product_id and weeks.week_start = feedback.week_start
left join delivered on weeks.product_id = delivered.product_id and weeks.week_start = delivered.week_start
