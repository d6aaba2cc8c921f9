{{ config(meta={'dagster': {'ref': {'name': 'int_usage__lifecycle_weeks'}}}) }}
-- New, current and resurrected persons of a week are together exactly its active users.
with states as (
    select week_start, count(*) as person_count
    from {{ ref('int_usage__lifecycle_weeks') }}
    where lifecycle_state <> 'dormant'
    group by week_start
),

active as (
    select week_start, count(distinct person_id) as person_count
    from {{ ref('int_usage__active_days') }}
    group by week_start
)

select states.week_start, states.person_count, active.person_count as active_count
from states
left join active on states.week_start = active.week_start
where active.person_count is null or states.person_count <> active.person_count
