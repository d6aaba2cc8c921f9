-- Grain: one row a ticket with a comment before as_of: its comments, and its first reply. The clock of the first reply
-- starts when the ticket is created; where an agent or a rule wrote the opening comment, with the customer's first answer
-- (null: there is none, and nobody waits). What comes before the clock starts is no first reply.
with comments as (
    select
        ticket_id,
        comment_number,
        author_role,
        is_automated,
        is_reply,
        occurred_at
    from {{ ref('int_support__comments') }}
),

openings as (
    select
        ticket_id,
        coalesce(author_role = 'agent', false) or is_automated as is_by_desk
    from comments
    where comment_number = 1
),

answers as (
    select
        ticket_id,
        min(comment_number) as comment_number
    from comments
    where
        author_role = 'customer'
        and not is_automated
        and comment_number > 1
    group by ticket_id
),

clocks as (
    select
        openings.ticket_id,
        case when openings.is_by_desk then answers.comment_number else 1 end as comment_number
    from openings
    left join answers
        on openings.ticket_id = answers.ticket_id
),

timed as (
    select
        comments.ticket_id,
        comments.is_reply,
        comments.occurred_at,
        comments.comment_number > clocks.comment_number as is_clock_running,
        case
            when comments.comment_number = clocks.comment_number and clocks.comment_number = 1 then tickets.created_at
            when comments.comment_number = clocks.comment_number then comments.occurred_at
        end as reply_clock_at,
        tickets.created_at
    from comments
    inner join clocks
        on comments.ticket_id = clocks.ticket_id
    inner join {{ ref('int_support__source_tickets') }} as tickets
        on comments.ticket_id = tickets.ticket_id
)

select
    ticket_id,
    cast(count(*) as bigint) as comment_count,
    cast(sum(case when is_reply then 1 else 0 end) as bigint) as public_reply_count,
    max(reply_clock_at) as reply_clock_at,
    -- Within the rounding of a clock, a reply may bear a time before its ticket's.
    min(case when is_reply and is_clock_running then {{ greatest() }}(occurred_at, created_at) end) as first_reply_at
from timed
group by ticket_id
