{{ config(meta={'dagster': {'ref': {'name': 'fct_ticket_status'}}}) }}
-- Status intervals neither overlap nor leave gaps, begin with the ticket, and add up to its age at as_of.
with stays as (
    select
        ticket_id,
        started_at,
        ended_at,
        stay_number,
        duration_seconds,
        lead(started_at) over (partition by ticket_id order by stay_number asc) as next_started_at
    from {{ ref('fct_ticket_status') }}
),

lives as (
    select
        ticket_id,
        min(started_at) as first_started_at,
        sum(duration_seconds) as total_seconds,
        sum(case when ended_at is null then 1 else 0 end) as open_count
    from stays
    group by ticket_id
)

select ticket_id, 'stays do not follow one another' as what
from stays
where
    (ended_at is null and next_started_at is not null)
    or (ended_at is not null and (next_started_at is null or next_started_at <> ended_at))
    or duration_seconds < 0
union all
select tickets.ticket_id, 'stays do not cover the life of the ticket' as what
from {{ ref('fct_ticket') }} as tickets
left join lives
    on tickets.ticket_id = lives.ticket_id
where
    lives.ticket_id is null
    or lives.open_count <> 1
    or lives.first_started_at <> tickets.created_at
    or lives.total_seconds <> {{ seconds_between('tickets.created_at', as_of_at()) }}
