-- One row a person and number of days N after the first active day, with whether the person was active exactly then, and
-- whether then or on any day since.
-- Only cohort weeks all of whose persons have reached day N; without excluded persons and those who were there before
-- the history began. Segment of the home account as of the first day of the cohort's week.
with cohorts as (
    select
        person_id,
        account_id,
        first_active_date as cohort_date,
        {{ week_start('first_active_date') }} as cohort_week
    from {{ ref('int_identity__persons') }}
    where first_active_date is not null and not is_pre_existing and not is_excluded
),

day_numbers as (
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
    coalesce(segments.segment, '(unknown)') as segment
from cohorts
inner join day_numbers
    on {{ add_days('cohorts.cohort_week', '6 + day_numbers.day_number') }} < {{ as_of_date() }}
left join active_dates
    on
        cohorts.person_id = active_dates.person_id
        and {{ add_days('cohorts.cohort_date', 'day_numbers.day_number') }} = active_dates.event_date
left join last_dates on cohorts.person_id = last_dates.person_id
left join {{ ref('int_usage__account_week_segments') }} as segments
    on cohorts.account_id = segments.account_id and cohorts.cohort_week = segments.week_start
