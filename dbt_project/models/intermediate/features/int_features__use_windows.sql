-- One row a feature of the registry and complete week: users of the feature, and active users whose plan includes it, in
-- the 90 days that end with the week; and from these whether the feature is used, a zombie, or cannot be judged.
with weeks as (
    {{ complete_weeks() }}
),

-- The last active day of a week stands for all days since the week before the person's next active week: so each
-- person is counted at most once at each week's end.
last_days as (
    select
        person_id,
        last_date,
        lead(week_start) over (partition by person_id order by week_start) as next_week
    from (
        select person_id, week_start, max(event_date) as last_date
        from {{ ref('int_usage__active_days') }}
        group by person_id, week_start
    ) as person_weeks
),

last_feature_days as (
    select
        feature_id,
        last_date,
        lead(week_start) over (partition by person_id, feature_id order by week_start) as next_week
    from (
        select person_id, feature_id, week_start, max(event_date) as last_date
        from {{ ref('int_usage__active_days') }}
        group by person_id, feature_id, week_start
    ) as feature_weeks
),

users_by_plan as (
    select weeks.week_start, coalesce(persons.plan, '(unknown)') as plan, count(*) as user_count
    from last_days
    inner join weeks
        on
            last_days.last_date <= weeks.week_end
            and last_days.last_date >= {{ add_days('weeks.week_end', -89) }}
            and (last_days.next_week is null or last_days.next_week > weeks.week_start)
    inner join {{ ref('int_identity__persons') }} as persons on last_days.person_id = persons.person_id
    group by weeks.week_start, coalesce(persons.plan, '(unknown)')
),

eligible_users as (
    select users_by_plan.week_start, plans.feature_id, cast(sum(users_by_plan.user_count) as bigint) as user_count
    from users_by_plan
    inner join {{ ref('int_features__eligible_plans') }} as plans on users_by_plan.plan = plans.plan
    group by users_by_plan.week_start, plans.feature_id
),

feature_users as (
    select weeks.week_start, last_feature_days.feature_id, cast(count(*) as bigint) as user_count
    from last_feature_days
    inner join weeks
        on
            last_feature_days.last_date <= weeks.week_end
            and last_feature_days.last_date >= {{ add_days('weeks.week_end', -89) }}
            and (last_feature_days.next_week is null or last_feature_days.next_week > weeks.week_start)
    group by weeks.week_start, last_feature_days.feature_id
),

counted as (
    select
        features.feature_id,
        features.product_id,
        coalesce(owners.team_id, '(unknown)') as team_id,
        weeks.week_start,
        weeks.week_end,
        features.is_instrumented,
        features.live_from,
        features.live_until,
        case when features.is_instrumented then coalesce(feature_users.user_count, 0) end as users_90d,
        case when features.is_instrumented then coalesce(eligible_users.user_count, 0) end as eligible_users_90d
    from {{ ref('int_features__features') }} as features
    cross join weeks
    left join feature_users
        on features.feature_id = feature_users.feature_id and weeks.week_start = feature_users.week_start
    left join eligible_users
        on features.feature_id = eligible_users.feature_id and weeks.week_start = eligible_users.week_start
    left join {{ ref('stg_registry__feature_teams') }} as owners
        on
            features.feature_id = owners.feature_id
            and weeks.week_end between owners.owned_from and owners.owned_to
),

classified as (
    select
        *,
        case
            when not is_instrumented then 'not_instrumented'
            when live_until < week_end then 'retired'
            when live_from > {{ add_days('week_end', -89) }} then 'too_new'
            when eligible_users_90d = 0 then 'no_eligible_users'
            when users_90d >= 5 and users_90d * 100 >= eligible_users_90d then 'used'
            else 'zombie'
        end as usage_class
    from counted
)

select
    feature_id,
    product_id,
    team_id,
    week_start,
    users_90d,
    eligible_users_90d,
    usage_class in ('used', 'zombie') as is_rate_eligible,
    usage_class = 'used' as is_used_feature,
    usage_class = 'zombie' as is_zombie,
    usage_class
from classified
