-- Grain: one row a calendar day of the reporting time zone, from 2000 to the day before the as-of date.
with days as (
    select
        date_day,
        week_start,
        week_end,
        month_start,
        month_end,
        -- The Thursday next to the middle of the week, which may start on Monday or Sunday.
        {{ add_days(dbt.date_trunc('week', add_days('week_start', 3)), 3) }} as week_thursday,
        {{ days_between("cast('1900-01-01' as date)", 'date_day') }} % 7 as days_after_monday
    from {{ ref('int_calendar__days') }}
),

holidays as (
    select distinct calendar_date
    from {{ ref('stg_registry__calendar') }}
    where kind = 'holiday'
),

-- ISO: a week belongs to the year of its Thursday, and its number says which Thursday of the year that is.
numbered as (
    select
        *,
        cast(extract(year from week_thursday) as {{ dbt.type_string() }}) as iso_year,
        cast(floor(
            {{ days_between("cast(" ~ dbt.date_trunc('year', 'week_thursday') ~ " as date)", 'week_thursday') }} / 7.0
        ) as integer) + 1 as week_number
    from days
)

select
    numbered.date_day,
    numbered.week_start,
    numbered.week_end,
    numbered.month_start,
    numbered.days_after_monday >= 5 as is_weekend,
    holidays.calendar_date is not null as is_holiday,
    numbered.week_end < {{ as_of_date() }} as is_week_complete,
    numbered.month_end < {{ as_of_date() }} as is_month_complete,
    numbered.iso_year || '-W' || case when numbered.week_number < 10 then '0' else '' end
    || cast(numbered.week_number as {{ dbt.type_string() }}) as iso_week
from numbered
left join holidays on numbered.date_day = holidays.calendar_date
