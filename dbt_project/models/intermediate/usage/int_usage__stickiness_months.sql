-- One row a complete month inside the history: the sum of daily active users, and what it would be if each of the
-- users of the 30 days that end with the month were active on every day of it.
with months as (
    select
        days.month_start,
        max(days.month_end) as month_end,
        count(*) as day_count
    from {{ ref('int_calendar__days') }} as days
    cross join {{ ref('int_usage__horizon') }} as horizon
    where days.month_start >= horizon.starts_on and days.month_end < {{ as_of_date() }}
    group by days.month_start
),

active_dates as (
    select distinct person_id, event_date
    from {{ ref('int_usage__active_days') }}
),

user_days as (
    select months.month_start, count(*) as active_user_days
    from months
    inner join active_dates on active_dates.event_date between months.month_start and months.month_end
    group by months.month_start
),

monthly_users as (
    select months.month_start, count(distinct active_dates.person_id) as monthly_active_users
    from months
    inner join active_dates
        on active_dates.event_date between {{ add_days('months.month_end', -29) }} and months.month_end
    group by months.month_start
)

select
    months.month_start,
    cast(coalesce(user_days.active_user_days, 0) as bigint) as active_user_days,
    cast(months.day_count * coalesce(monthly_users.monthly_active_users, 0) as bigint) as possible_user_days,
    cast(coalesce(monthly_users.monthly_active_users, 0) as bigint) as monthly_active_users
from months
left join user_days on months.month_start = user_days.month_start
left join monthly_users on months.month_start = monthly_users.month_start
