-- Grain: one row a comment made before as_of: whether it is the ticket's first one, and whether it is a reply
-- (public, by an agent, not automated, and not the ticket's first comment). `author_role` is null when nobody knows
-- the author.
with comments as (
    select
        comments.source,
        comments.ticket_id,
        comments.event_id,
        comments.child_number,
        comments.author_role,
        comments.is_author_known,
        comments.is_public,
        comments.is_automated,
        comments.occurred_at,
        row_number() over (
            partition by comments.ticket_id
            order by
                comments.occurred_at asc,
                length(comments.event_id) asc,
                comments.event_id asc,
                comments.child_number asc
        ) as comment_number
    from {{ ref('int_support__source_comments') }} as comments
    inner join {{ ref('int_support__source_tickets') }} as tickets
        on comments.ticket_id = tickets.ticket_id
    where comments.occurred_at < {{ as_of_at() }}
)

select
    source,
    ticket_id,
    event_id,
    child_number,
    comment_number,
    author_role,
    is_author_known,
    is_public,
    is_automated,
    is_public
    and not is_automated
    and coalesce(author_role, '') = 'agent'
    and comment_number > 1 as is_reply,
    occurred_at
from comments
