-- One row a complete week that history covers whole, segment of which somebody was active in it, and number of days from 1
-- to 7: how many were active on exactly so many days of the week, and on at least so many. Segment of the home account as of
-- the week's first day.
with weeks as (
    {{ complete_weeks() }}
),

person_weeks as (
    select
        active.person_id,
        active.week_start,
        cast(count(distinct active.event_date) as integer) as active_day_count
    from {{ ref('int_usage__active_days') }} as active
    inner join weeks on active.week_start = weeks.week_start
    cross join {{ ref('int_usage__horizon') }} as horizon
    where active.week_start >= horizon.starts_on
    group by active.person_id, active.week_start
),

segment_days as (
    select
        person_weeks.week_start,
        coalesce(segments.segment, '(unknown)') as segment,
        person_weeks.active_day_count,
        cast(count(*) as bigint) as user_count
    from person_weeks
    inner join {{ ref('int_identity__persons') }} as persons on person_weeks.person_id = persons.person_id
    left join {{ ref('int_usage__account_week_segments') }} as segments
        on persons.account_id = segments.account_id and person_weeks.week_start = segments.week_start
    group by person_weeks.week_start, coalesce(segments.segment, '(unknown)'), person_weeks.active_day_count
),

day_numbers as (
    {% for days in range(1, 8) -%}
    select cast({{ days }} as bigint) as days
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    segment_days.week_start,
    segment_days.segment,
    day_numbers.days,
    cast(sum(case when segment_days.active_day_count = day_numbers.days then segment_days.user_count else 0 end) as bigint)
        as exact_user_count,
    cast(sum(case when segment_days.active_day_count >= day_numbers.days then segment_days.user_count else 0 end) as bigint)
        as at_least_user_count,
    cast(sum(segment_days.user_count) as bigint) as active_user_count
from segment_days
cross join day_numbers
group by segment_days.week_start, segment_days.segment, day_numbers.days
