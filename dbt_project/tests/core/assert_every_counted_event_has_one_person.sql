{{ config(meta={'dagster': {'ref': {'name': 'int_usage__person_days'}}}) }}
-- Joining daily identities with persons and log-ins neither loses events nor counts them twice.
with identities as (
    select sum(event_count) as event_count
    from {{ ref('int_usage__identity_daily') }}
    where event_date < {{ as_of_date() }}
),

persons as (
    select sum(event_count) as event_count
    from {{ ref('int_usage__person_days') }}
)

select identities.event_count, persons.event_count as person_event_count
from identities
cross join persons
where identities.event_count <> persons.event_count
