-- One row a feature of the registry and complete week: who used it, whether their plan includes it or not, and who was
-- active at all. The use of a feature without event rules is unknown.
with weeks as (
    {{ complete_weeks() }}
),

usage as (
    select
        feature_id,
        week_start,
        cast(count(distinct person_id) as bigint) as user_count,
        cast(sum(event_count) as bigint) as event_count
    from {{ ref('int_usage__active_days') }}
    group by feature_id, week_start
),

active_users as (
    select week_start, cast(count(distinct person_id) as bigint) as active_user_count
    from {{ ref('int_usage__active_days') }}
    group by week_start
)

select
    features.feature_id,
    features.product_id,
    coalesce(owners.team_id, '(unknown)') as team_id,
    weeks.week_start,
    case when features.is_instrumented then coalesce(usage.user_count, 0) end as user_count,
    case when features.is_instrumented then coalesce(usage.event_count, 0) end as event_count,
    coalesce(active_users.active_user_count, 0) as active_user_count
from {{ ref('int_features__features') }} as features
cross join weeks
left join usage on features.feature_id = usage.feature_id and weeks.week_start = usage.week_start
left join active_users on weeks.week_start = active_users.week_start
left join {{ ref('stg_registry__feature_teams') }} as owners
    on
        features.feature_id = owners.feature_id
        and weeks.week_end between owners.owned_from and owners.owned_to
