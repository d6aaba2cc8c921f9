-- One row an account and complete week in which the account is new, current, resurrected or dormant (lifecycle_states):
-- active is an account with any active person. Segment as of the week's first day.
with weeks as (
    {{ complete_weeks() }}
),

active_weeks as (
    select account_id, week_start
    from {{ ref('int_usage__account_days') }}
    where account_id <> '(unknown)'
    group by account_id, week_start
),

states as (
    {{ lifecycle_states('active_weeks', 'account_id') }}
)

select
    states.account_id,
    states.week_start,
    states.lifecycle_state,
    coalesce(segments.segment, '(unknown)') as segment,
    {{ add_days('states.week_start', -7) }} >= horizon.starts_on as is_week_before_whole
from states
inner join weeks on states.week_start = weeks.week_start
cross join {{ ref('int_usage__horizon') }} as horizon
left join {{ ref('int_usage__account_week_segments') }} as segments
    on states.account_id = segments.account_id and states.week_start = segments.week_start
