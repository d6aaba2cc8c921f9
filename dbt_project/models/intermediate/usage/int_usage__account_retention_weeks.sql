-- One row an account that was active in a week of the history and the complete week after it, with whether it was active
-- in that one too. Segment as of that week's first day.
with weeks as (
    {{ complete_weeks() }}
),

active_weeks as (
    select distinct account_id, week_start
    from {{ ref('int_usage__account_days') }}
    where account_id <> '(unknown)'
),

-- A first week that history knows the end of only does not tell who was active in it.
next_weeks as (
    select
        active_weeks.account_id,
        weeks.week_start
    from active_weeks
    cross join {{ ref('int_usage__horizon') }} as horizon
    inner join weeks on weeks.week_start = {{ add_days('active_weeks.week_start', 7) }}
    where active_weeks.week_start >= horizon.starts_on
)

select
    next_weeks.account_id,
    next_weeks.week_start,
    active_weeks.account_id is not null as is_retained,
    coalesce(segments.segment, '(unknown)') as segment
from next_weeks
left join active_weeks
    on next_weeks.account_id = active_weeks.account_id and next_weeks.week_start = active_weeks.week_start
left join {{ ref('int_usage__account_week_segments') }} as segments
    on next_weeks.account_id = segments.account_id and next_weeks.week_start = segments.week_start
