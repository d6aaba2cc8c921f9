-- One row a person and feature whose fourth week after the week of first use is complete: did the person use it again
-- in at least two of those four weeks? First uses in the first days of the history are left out: they were probably
-- not the first ones.
with use_weeks as (
    select
        person_id,
        feature_id,
        product_id,
        week_start,
        min(event_date) as first_date
    from {{ ref('int_usage__active_days') }}
    where feature_id <> '(unmapped)'
    group by person_id, feature_id, product_id, week_start
),

first_weeks as (
    select
        person_id,
        feature_id,
        product_id,
        min(week_start) as cohort_week,
        min(first_date) as first_use_date
    from use_weeks
    group by person_id, feature_id, product_id
),

repeats as (
    select
        first_weeks.person_id,
        first_weeks.feature_id,
        first_weeks.product_id,
        first_weeks.cohort_week,
        count(use_weeks.week_start) as repeat_week_count
    from first_weeks
    inner join {{ ref('int_usage__horizon') }} as horizon on first_weeks.first_use_date >= horizon.new_from
    left join use_weeks
        on
            first_weeks.person_id = use_weeks.person_id
            and first_weeks.feature_id = use_weeks.feature_id
            and first_weeks.cohort_week < use_weeks.week_start
            and {{ add_days('first_weeks.cohort_week', 28) }} >= use_weeks.week_start
    where {{ add_days('first_weeks.cohort_week', 34) }} < {{ as_of_date() }}
    group by first_weeks.person_id, first_weeks.feature_id, first_weeks.product_id, first_weeks.cohort_week
)

select
    repeats.person_id,
    repeats.feature_id,
    repeats.product_id,
    repeats.cohort_week,
    coalesce(segments.segment, '(unknown)') as segment,
    repeats.repeat_week_count >= 2 as is_repeat
from repeats
inner join {{ ref('int_identity__persons') }} as persons on repeats.person_id = persons.person_id
left join {{ ref('int_usage__account_week_segments') }} as segments
    on persons.account_id = segments.account_id and repeats.cohort_week = segments.week_start
