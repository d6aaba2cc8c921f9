-- One row a person of a cohort and bracket of days after the first active day, with whether the person was active on one of
-- them. Only cohort weeks for all of whose persons the bracket's last day is over.
with reached as (
    select
        cohorts.person_id,
        cohorts.cohort_date,
        cohorts.cohort_week,
        cohorts.segment,
        brackets.from_day,
        brackets.to_day,
        brackets.days
    from {{ ref('int_usage__cohorts') }} as cohorts
    inner join {{ ref('stg_registry__retention_brackets') }} as brackets
        on {{ add_days('cohorts.cohort_week', '6 + brackets.to_day') }} < {{ as_of_date() }}
),

active_dates as (
    select distinct person_id, event_date
    from {{ ref('int_usage__active_days') }}
),

returned as (
    select distinct reached.person_id, reached.from_day
    from reached
    inner join active_dates
        on
            reached.person_id = active_dates.person_id
            and active_dates.event_date >= {{ add_days('reached.cohort_date', 'reached.from_day') }}
            and active_dates.event_date <= {{ add_days('reached.cohort_date', 'reached.to_day') }}
)

select
    reached.person_id,
    reached.cohort_date,
    reached.cohort_week,
    reached.days,
    returned.person_id is not null as is_retained,
    reached.segment
from reached
left join returned on reached.person_id = returned.person_id and reached.from_day = returned.from_day
