-- One row a day of the reporting calendar, up to the day before the as-of date.
with days as (
    select cast(date_day as date) as date_day
    from (
        {{ dbt.date_spine(
            'day', "cast('" ~ var('calendar_starts_on') ~ "' as date)", "cast('" ~ var('calendar_ends_before') ~ "' as date)"
        ) }}
    ) as spine
    where cast(date_day as date) < {{ as_of_date() }}
)

select
    date_day,
    {{ week_start('date_day') }} as week_start,
    {{ add_days(week_start('date_day'), 6) }} as week_end,
    cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start,
    {{ dbt.last_day('date_day', 'month') }} as month_end,
    {{ reporting_midnight('date_day') }} as day_start_at,
    {{ reporting_midnight(add_days('date_day', 1)) }} as day_end_at
from days
