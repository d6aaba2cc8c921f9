-- Grain: one row a comment made before as_of: whether it is the ticket's first one, and whether it is a reply
-- (public, by an agent or admin, not automated, and not the ticket's first comment). `author_role` is null when
-- nobody knows the author.
with comments as (
    select
        events.event_id,
        events.child_number,
        events.ticket_id,
        events.is_public,
        events.is_automated,
        events.occurred_at,
        users.role as author_role,
        row_number() over (
            partition by events.ticket_id
            order by
                events.occurred_at asc,
                length(events.event_id) asc,
                events.event_id asc,
                events.child_number asc
        ) as comment_number
    from {{ ref('stg_zendesk__ticket_events') }} as events
    left join {{ ref('stg_zendesk__users') }} as users
        on events.author_id = users.user_id
    where
        events.event_type = 'Comment'
        and events.occurred_at < {{ as_of_at() }}
)

select
    ticket_id,
    event_id,
    child_number,
    comment_number,
    author_role,
    coalesce(is_public, false) as is_public,
    is_automated,
    coalesce(is_public, false)
    and not is_automated
    and coalesce(author_role, '') in ('agent', 'admin')
    and comment_number > 1 as is_reply,
    occurred_at
from comments
