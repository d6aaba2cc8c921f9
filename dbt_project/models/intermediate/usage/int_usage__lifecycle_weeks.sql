-- One row a person and complete week in which the person is new (first active week), current (active this week and
-- the one before), resurrected (active, but not the week before) or dormant (the first week after an active one).
-- Without excluded persons. Segment of the home account as of the week's first day.
with weeks as (
    {{ complete_weeks() }}
),

active_weeks as (
    select person_id, week_start
    from {{ ref('int_usage__active_days') }}
    group by person_id, week_start
),

in_order as (
    select
        person_id,
        week_start,
        lag(week_start) over (partition by person_id order by week_start) as previous_week_start,
        lead(week_start) over (partition by person_id order by week_start) as next_week_start
    from active_weeks
),

states as (
    select
        person_id,
        week_start,
        case
            when previous_week_start is null then 'new'
            when previous_week_start = {{ add_days('week_start', -7) }} then 'current'
            else 'resurrected'
        end as lifecycle_state
    from in_order
    union all
    select
        person_id,
        {{ add_days('week_start', 7) }} as week_start,
        'dormant' as lifecycle_state
    from in_order
    where next_week_start is null or next_week_start > {{ add_days('week_start', 7) }}
)

select
    states.person_id,
    states.week_start,
    states.lifecycle_state,
    coalesce(segments.segment, '(unknown)') as segment,
    persons.is_pre_existing
from states
inner join weeks on states.week_start = weeks.week_start
inner join {{ ref('int_identity__persons') }} as persons on states.person_id = persons.person_id
left join {{ ref('int_usage__account_week_segments') }} as segments
    on persons.account_id = segments.account_id and states.week_start = segments.week_start
