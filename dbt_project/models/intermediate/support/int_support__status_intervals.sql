-- Grain: one row a stay of a ticket in a status, from its creation to as_of, without gaps; the last stay is open
-- (`ended_at` null, its duration runs to as_of). Changes at equal times keep the order of the events' ids. Without
-- a first status in the history, the first change says what was before, and the first stay is inferred; a ticket without
-- any has its record's status, (unknown) where that is none.
with tickets as (
    select
        ticket_id,
        status,
        created_at
    from {{ ref('int_support__source_tickets') }}
),

status_events as (
    {{ numbered_ticket_events(ref('int_support__source_status_events'), [
        'events.status',
        'events.previous_status',
        'events.is_creation',
        'events.occurred_at >= ' ~ as_of_at() ~ ' as is_after_as_of',
    ]) }}
),

starts as (
    select
        tickets.ticket_id,
        0 as change_number,
        tickets.created_at as started_at,
        not coalesce(first_events.is_creation, false) as is_inferred,
        case
            when first_events.ticket_id is null then coalesce(tickets.status, '(unknown)')
            when first_events.is_creation then first_events.status
            else coalesce(first_events.previous_status, 'new')
        end as status
    from tickets
    left join status_events as first_events
        on
            tickets.ticket_id = first_events.ticket_id
            and first_events.change_number = 1
),

entries as (
    select ticket_id, change_number, started_at, is_inferred, status
    from starts
    union all
    select ticket_id, change_number, started_at, false as is_inferred, status
    from status_events
    where not is_after_as_of
),

compared as (
    select
        ticket_id,
        change_number,
        started_at,
        is_inferred,
        status,
        lag(status) over (partition by ticket_id order by change_number asc) as previous_status
    from entries
),

stays as (
    select
        ticket_id,
        status,
        is_inferred,
        row_number() over (partition by ticket_id order by change_number asc) as stay_number,
        started_at,
        lead(started_at) over (partition by ticket_id order by change_number asc) as ended_at
    from compared
    where
        previous_status is null
        or previous_status <> status
)

select
    ticket_id,
    status,
    cast(stay_number as bigint) as stay_number,
    {{ seconds_between('started_at', 'coalesce(ended_at, ' ~ as_of_at() ~ ')') }} as duration_seconds,
    is_inferred,
    started_at,
    ended_at
from stays
