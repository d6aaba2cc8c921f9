-- Grain: one row a person of any tool, excluded persons included and marked. Merges are applied.
-- The row (unknown) is for answers and feedback of people who are not told.
with persons as (
    select * from {{ ref('int_identity__persons') }}
),

current_segments as (
    select account_id, segment from {{ ref('int_crm__accounts') }}
),

first_weeks as (
    select account_id, week_start, segment from {{ ref('int_usage__account_week_segments') }}
)

select
    persons.person_id,
    persons.account_id,
    coalesce(current_segments.segment, '(unknown)') as segment,
    coalesce(first_weeks.segment, '(unknown)') as first_active_segment,
    persons.first_active_date,
    persons.last_active_date,
    {{ week_start('persons.first_active_date') }} as first_active_week,
    persons.is_pre_existing,
    persons.is_internal,
    persons.is_bot,
    persons.is_test_account,
    persons.is_excluded
from persons
left join current_segments on persons.account_id = current_segments.account_id
left join first_weeks
    on
        persons.account_id = first_weeks.account_id
        and {{ week_start('persons.first_active_date') }} = first_weeks.week_start
{{ special_members(['(unknown)'], ['person_id', 'account_id', 'segment', 'first_active_segment'], {
    'is_pre_existing': 'false', 'is_internal': 'false', 'is_bot': 'false', 'is_test_account': 'false', 'is_excluded': 'false'
}) }}
