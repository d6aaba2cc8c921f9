-- One row a person and complete week in which the person is new, current, resurrected or dormant (lifecycle_states).
-- Without excluded persons. Segment of the home account as of the week's first day.
with weeks as (
    {{ complete_weeks() }}
),

active_weeks as (
    select person_id, week_start
    from {{ ref('int_usage__active_days') }}
    group by person_id, week_start
),

states as (
    {{ lifecycle_states('active_weeks', 'person_id') }}
)

select
    states.person_id,
    states.week_start,
    states.lifecycle_state,
    coalesce(segments.segment, '(unknown)') as segment,
    persons.is_pre_existing,
    {{ add_days('states.week_start', -7) }} >= horizon.starts_on as is_week_before_whole
from states
inner join weeks on states.week_start = weeks.week_start
inner join {{ ref('int_identity__persons') }} as persons on states.person_id = persons.person_id
cross join {{ ref('int_usage__horizon') }} as horizon
left join {{ ref('int_usage__account_week_segments') }} as segments
    on persons.account_id = segments.account_id and states.week_start = segments.week_start
