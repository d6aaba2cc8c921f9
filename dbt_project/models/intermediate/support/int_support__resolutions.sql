-- Grain: one row a ticket: its status as of as_of, when it was first and last solved, how often, and how long it
-- had waited by the last time. A ticket is solved when it enters solved or closed from a status that is neither.
with stays as (
    select
        ticket_id,
        status,
        stay_number,
        duration_seconds,
        is_inferred,
        started_at,
        ended_at,
        lag(status) over (partition by ticket_id order by stay_number asc) as previous_status
    from {{ ref('int_support__status_intervals') }}
),

solved as (
    select
        ticket_id,
        min(started_at) as first_solved_at,
        max(started_at) as last_solved_at,
        max(stay_number) as last_solved_stay_number,
        cast(count(*) as bigint) as solved_count
    from stays
    where
        status in ('solved', 'closed')
        and coalesce(previous_status, '') not in ('solved', 'closed')
    group by ticket_id
),

waits as (
    select
        stays.ticket_id,
        cast(sum(case when stays.status in ('new', 'open', 'hold') then stays.duration_seconds else 0 end) as bigint)
            as requester_wait_seconds,
        cast(sum(case when stays.status = 'pending' then stays.duration_seconds else 0 end) as bigint)
            as agent_wait_seconds
    from stays
    inner join solved
        on
            stays.ticket_id = solved.ticket_id
            and stays.stay_number < solved.last_solved_stay_number
    group by stays.ticket_id
)

select
    current_stays.ticket_id,
    current_stays.status,
    coalesce(solved.solved_count, 0) as solved_count,
    case when solved.ticket_id is not null then coalesce(waits.requester_wait_seconds, 0) end
        as requester_wait_seconds,
    case when solved.ticket_id is not null then coalesce(waits.agent_wait_seconds, 0) end as agent_wait_seconds,
    solved.first_solved_at,
    solved.last_solved_at
from stays as current_stays
left join solved
    on current_stays.ticket_id = solved.ticket_id
left join waits
    on current_stays.ticket_id = waits.ticket_id
where current_stays.ended_at is null
