-- Grain: one row a schedule, day on the clock of its time zone, and shift of that day, up to the day after the as-of date; a
-- closed day has one row without a shift. `seconds_before` are the seconds for which the schedule was open on all days
-- before, so that the business time up to a moment is this sum and what of its day's shifts has passed.
with hours as (
    select
        schedule_id,
        time_zone,
        opens_at,
        closes_at,
        weekdays
    from {{ ref('stg_registry__calendar') }}
    where kind = 'business_hours'
),

holidays as (
    select
        calendar_date,
        schedules
    from {{ ref('stg_registry__calendar') }}
    where kind = 'holiday'
),

schedules as (
    select
        schedule_id,
        min(time_zone) as time_zone
    from hours
    group by schedule_id
),

days as (
    select date_day
    from {{ ref('int_calendar__days') }}
    union all
    select {{ as_of_date() }} as date_day
    union all
    -- East of the reporting zone the night begins on the next day already.
    select {{ add_days(as_of_date(), 1) }} as date_day
),

shifts as (
    select
        schedule_id,
        opens_at,
        closes_at,
        case item
            when 'mon' then 0 when 'tue' then 1 when 'wed' then 2 when 'thu' then 3
            when 'fri' then 4 when 'sat' then 5 when 'sun' then 6
        end as weekday_number
    from ({{ json_array_rows('hours', ['schedule_id', 'opens_at', 'closes_at'], 'weekdays') }}) as weekday_rows
),

holidays_of_some as (
    {{ json_array_rows('holidays', ['calendar_date'], 'schedules') }}
),

days_off as (
    select
        schedules.schedule_id,
        holidays.calendar_date
    from holidays
    cross join schedules
    where holidays.schedules = '[]'
    union
    select
        item as schedule_id,
        calendar_date
    from holidays_of_some
),

open_days as (
    select
        schedules.schedule_id,
        schedules.time_zone,
        days.date_day,
        -- The first of January 1900 was a Monday.
        {{ days_between("cast('1900-01-01' as date)", 'days.date_day') }} % 7 as weekday_number,
        days_off.schedule_id is not null as is_day_off
    from schedules
    cross join days
    left join days_off
        on
            schedules.schedule_id = days_off.schedule_id
            and days.date_day = days_off.calendar_date
),

wall_clock as (
    select
        open_days.schedule_id,
        open_days.time_zone,
        open_days.date_day,
        cast(cast(open_days.date_day as {{ dbt.type_string() }}) || ' ' || shifts.opens_at || ':00' as timestamp) as opens_at,
        case
            when shifts.closes_at = '24:00' then cast({{ add_days('open_days.date_day', 1) }} as timestamp)
            else cast(
                cast(open_days.date_day as {{ dbt.type_string() }}) || ' ' || shifts.closes_at || ':00' as timestamp
            )
        end as closes_at
    from open_days
    left join shifts
        on
            open_days.schedule_id = shifts.schedule_id
            and open_days.weekday_number = shifts.weekday_number
            and not open_days.is_day_off
),

timed as (
    select
        schedule_id,
        time_zone,
        date_day,
        {{ from_wall_clock('opens_at', 'time_zone') }} as opens_at,
        {{ from_wall_clock('closes_at', 'time_zone') }} as closes_at
    from wall_clock
),

totals as (
    select
        schedule_id,
        date_day,
        coalesce(sum({{ seconds_between('opens_at', 'closes_at') }}), 0) as open_seconds
    from timed
    group by schedule_id, date_day
),

sums as (
    select
        schedule_id,
        date_day,
        sum(open_seconds) over (
            partition by schedule_id
            order by date_day asc
            rows between unbounded preceding and current row
        ) - open_seconds as seconds_before
    from totals
)

select
    timed.schedule_id,
    timed.time_zone,
    timed.date_day,
    timed.opens_at,
    timed.closes_at,
    cast(sums.seconds_before as bigint) as seconds_before
from timed
inner join sums
    on
        timed.schedule_id = sums.schedule_id
        and timed.date_day = sums.date_day
