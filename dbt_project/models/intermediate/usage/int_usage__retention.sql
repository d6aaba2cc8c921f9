-- One row a person and number of days N after the first active day, with whether the person was active exactly then, and
-- whether then or on any day since.
-- Only cohort weeks all of whose persons have reached day N.
with day_numbers as (
    select 1 as day_number
    union all
    select 7 as day_number
    union all
    select 28 as day_number
),

active_dates as (
    select distinct person_id, event_date
    from {{ ref('int_usage__active_days') }}
),

last_dates as (
    select person_id, max(event_date) as last_active_date
    from active_dates
    group by person_id
)

select
    cohorts.person_id,
    cohorts.cohort_date,
    cohorts.cohort_week,
    day_numbers.day_number,
    active_dates.person_id is not null as is_retained,
    coalesce(
        last_dates.last_active_date >= {{ add_days('cohorts.cohort_date', 'day_numbers.day_number') }}, false
    ) as is_retained_since,
    cohorts.segment
from {{ ref('int_usage__cohorts') }} as cohorts
inner join day_numbers
    on {{ add_days('cohorts.cohort_week', '6 + day_numbers.day_number') }} < {{ as_of_date() }}
left join active_dates
    on
        cohorts.person_id = active_dates.person_id
        and {{ add_days('cohorts.cohort_date', 'day_numbers.day_number') }} = active_dates.event_date
left join last_dates on cohorts.person_id = last_dates.person_id
