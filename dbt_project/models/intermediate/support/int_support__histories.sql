-- Grain: one row a ticket: do we hold all that happened to it, from its left end on? If not, `history_gap_reason` says why,
-- and nothing that is measured from its beginning (a duration, a count of replies or of solvings) is known.
with moments as (
    select
        ticket_id,
        occurred_at
    from {{ ref('int_support__source_comments') }}
    union all
    select
        ticket_id,
        occurred_at
    from {{ ref('int_support__source_status_events') }}
),

beginnings as (
    select
        ticket_id,
        min(occurred_at) as first_event_at
    from moments
    group by ticket_id
),

joined as (
    select
        tickets.ticket_id,
        tickets.history_gap,
        tickets.recorded_at,
        tickets.created_at,
        beginnings.first_event_at,
        {{ greatest() }}(
            coalesce(replies.first_reply_at, tickets.created_at),
            coalesce(resolutions.last_solved_at, tickets.created_at)
        ) as last_measured_at
    from {{ ref('int_support__source_tickets') }} as tickets
    left join beginnings
        on tickets.ticket_id = beginnings.ticket_id
    left join {{ ref('int_support__replies') }} as replies
        on tickets.ticket_id = replies.ticket_id
    left join {{ ref('int_support__resolutions') }} as resolutions
        on tickets.ticket_id = resolutions.ticket_id
),

judged as (
    select
        ticket_id,
        case
            when history_gap is not null then history_gap
            -- Tickets that were brought over from another desk keep the times that their comments had there. A tool
            -- writes down a ticket and its first comment in one go, give or take the rounding of a clock.
            when {{ seconds_between('first_event_at', 'created_at') }} > 60 then 'events_before_creation'
            when {{ seconds_between('created_at', 'recorded_at') }} > 3600 then 'imported'
            when
                {{ seconds_between('created_at', 'last_measured_at') }} > {{ 86400 * var('longest_ticket_days') }}
                then 'beyond_reason'
        end as history_gap_reason
    from joined
)

select
    ticket_id,
    history_gap_reason is null as is_history_whole,
    history_gap_reason
from judged
