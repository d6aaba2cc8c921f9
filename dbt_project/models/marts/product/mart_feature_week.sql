-- Grain: one row a feature of the registry and complete week of the usage history, with all that is known of the feature
-- in that week: who used it, who asked for help, what was said of it and what was delivered for it. A count is null where
-- the registry does not name by what it could be told.
with windows as (
    select * from {{ ref('int_features__use_windows') }}
),

reach as (
    select * from {{ ref('int_features__reach_weeks') }}
),

accounts as (
    select feature_id, week_start, cast(count(distinct account_id) as bigint) as account_count
    from {{ ref('int_usage__account_days') }}
    where account_id <> '(unknown)'
    group by feature_id, week_start
),

adoption as (
    select
        feature_id,
        week_start,
        cast(count(*) as bigint) as eligible_user_count,
        cast(sum(case when is_used then 1 else 0 end) as bigint) as adopter_count,
        {{ percentile('case when is_used then use_count end', 0.5) }} as uses_median,
        {{ percentile('case when is_used then use_count end', 0.9) }} as uses_p90,
        {{ percentile('case when is_used then use_day_count end', 0.5) }} as use_days_median,
        {{ percentile('case when is_used then use_day_count end', 0.9) }} as use_days_p90
    from {{ ref('int_features__person_weeks') }}
    group by feature_id, week_start
),

tickets as (
    select
        feature_id,
        {{ week_start('created_date') }} as week_start,
        cast(count(*) as bigint) as ticket_count
    from {{ ref('fct_ticket') }}
    where is_counted
    group by feature_id, {{ week_start('created_date') }}
),

feedback as (
    select
        feature_id,
        {{ week_start('created_date') }} as week_start,
        cast(count(*) as bigint) as feedback_count
    from {{ ref('fct_feedback') }}
    group by feature_id, {{ week_start('created_date') }}
),

delivered as (
    select
        feature_id,
        {{ week_start('resolved_date') }} as week_start,
        cast(count(*) as bigint) as delivered_issue_count
    from {{ ref('fct_issue') }}
    where is_standard and is_delivered
    group by feature_id, {{ week_start('resolved_date') }}
)

select
    windows.feature_id,
    features.feature_name,
    windows.product_id,
    features.product_name,
    windows.team_id,
    coalesce(teams.team_name, windows.team_id) as team_name,
    windows.week_start,
    reach.user_count,
    case when features.is_instrumented then coalesce(adoption.eligible_user_count, 0) end as eligible_user_count,
    case when features.is_instrumented then coalesce(adoption.adopter_count, 0) end as adopter_count,
    reach.active_user_count,
    cast(adoption.adopter_count as double) / nullif(adoption.eligible_user_count, 0) as adoption_rate,
    adoption.uses_median,
    adoption.uses_p90,
    adoption.use_days_median,
    adoption.use_days_p90,
    quadrants.use_days_mean,
    quadrants.adoption_rate_median,
    quadrants.use_days_mean_median,
    quadrants.quadrant,
    case when features.is_instrumented then {{ count_or_unknown('accounts.account_count', 'accounts') }} end as account_count,
    reach.event_count,
    windows.users_90d,
    windows.eligible_users_90d,
    windows.is_rate_eligible,
    windows.is_used_feature,
    windows.is_zombie,
    windows.usage_class,
    case
        when features.has_ticket_tags then {{ count_or_unknown('tickets.ticket_count', ref('fct_ticket')) }}
    end as ticket_count,
    case
        when features.has_ticket_tags
            then cast(1000 * {{ count_or_unknown('tickets.ticket_count', ref('fct_ticket')) }} as double)
    end / nullif(reach.user_count, 0) as contact_rate,
    case
        when features.has_feedback_sources then {{ count_or_unknown('feedback.feedback_count', ref('fct_feedback')) }}
        else feedback.feedback_count
    end as feedback_count,
    case
        when features.has_epics then {{ count_or_unknown('delivered.delivered_issue_count', ref('fct_issue')) }}
    end as delivered_issue_count
from windows
inner join reach on windows.feature_id = reach.feature_id and windows.week_start = reach.week_start
inner join {{ ref('dim_feature') }} as features on windows.feature_id = features.feature_id
left join {{ ref('dim_team') }} as teams on windows.team_id = teams.team_id
left join accounts on windows.feature_id = accounts.feature_id and windows.week_start = accounts.week_start
left join adoption on windows.feature_id = adoption.feature_id and windows.week_start = adoption.week_start
left join {{ ref('int_features__quadrants') }} as quadrants
    on windows.feature_id = quadrants.feature_id and windows.week_start = quadrants.week_start
left join tickets on windows.feature_id = tickets.feature_id and windows.week_start = tickets.week_start
left join feedback on windows.feature_id = feedback.feature_id and windows.week_start = feedback.week_start
left join delivered on windows.feature_id = delivered.feature_id and windows.week_start = delivered.week_start
