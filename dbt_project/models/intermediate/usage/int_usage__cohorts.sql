-- One row a person whose first active day ever is known: without excluded persons and those who were there before the history
-- began. Segment of the home account as of the first day of the cohort's week.
with cohorts as (
    select
        person_id,
        account_id,
        first_active_date as cohort_date,
        {{ week_start('first_active_date') }} as cohort_week
    from {{ ref('int_identity__persons') }}
    where first_active_date is not null and not is_pre_existing and not is_excluded
)

select
    cohorts.person_id,
    cohorts.cohort_date,
    cohorts.cohort_week,
    coalesce(segments.segment, '(unknown)') as segment
from cohorts
left join {{ ref('int_usage__account_week_segments') }} as segments
    on cohorts.account_id = segments.account_id and cohorts.cohort_week = segments.week_start
