-- One row a person, feature and complete week, for persons who were active on a day of the week on which the feature
-- was live and whose account's plan includes it; `is_used` when they used it on such a day, how often and on how many.
-- (A feature that begins and ends within one week is taken as live between a person's first and last day of the week.)
with weeks as (
    {{ complete_weeks() }}
),

person_weeks as (
    select
        active.person_id,
        active.week_start,
        min(active.event_date) as first_date,
        max(active.event_date) as last_date
    from {{ ref('int_usage__active_days') }} as active
    inner join weeks on active.week_start = weeks.week_start
    group by active.person_id, active.week_start
),

person_plans as (
    select
        person_weeks.*,
        coalesce(persons.plan, '(unknown)') as plan,
        coalesce(segments.segment, '(unknown)') as segment
    from person_weeks
    inner join {{ ref('int_identity__persons') }} as persons on person_weeks.person_id = persons.person_id
    left join {{ ref('int_usage__account_week_segments') }} as segments
        on persons.account_id = segments.account_id and person_weeks.week_start = segments.week_start
),

used as (
    select
        active.person_id,
        active.feature_id,
        active.week_start,
        cast(sum(active.event_count) as bigint) as use_count,
        cast(count(*) as bigint) as use_day_count
    from {{ ref('int_usage__active_days') }} as active
    inner join {{ ref('int_features__features') }} as features
        on
            active.feature_id = features.feature_id
            and active.event_date >= features.live_from
            and (features.live_until is null or active.event_date <= features.live_until)
    group by active.person_id, active.feature_id, active.week_start
)

select
    persons.person_id,
    features.feature_id,
    features.product_id,
    coalesce(owners.team_id, '(unknown)') as team_id,
    persons.week_start,
    persons.segment,
    used.person_id is not null as is_used,
    coalesce(used.use_count, 0) as use_count,
    coalesce(used.use_day_count, 0) as use_day_count
from person_plans as persons
inner join {{ ref('int_features__eligible_plans') }} as features
    on
        persons.plan = features.plan
        and persons.last_date >= features.live_from
        and persons.first_date <= features.live_until
left join used
    on
        persons.person_id = used.person_id
        and features.feature_id = used.feature_id
        and persons.week_start = used.week_start
left join {{ ref('stg_registry__feature_teams') }} as owners
    on
        features.feature_id = owners.feature_id
        and {{ add_days('persons.week_start', 6) }} between owners.owned_from and owners.owned_to
