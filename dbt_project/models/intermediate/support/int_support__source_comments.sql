-- Grain: one row a comment on a ticket, also after as_of; the message with which a conversation began is its first one.
-- `author_role` is what the author was when it was written: agent or customer, null when nobody knows; order within a
-- moment as for status events.
with authors as (
    select
        admin_id as author_id,
        'admin' as author_type
    from {{ ref('stg_intercom__admins') }}
    union all
    select
        contact_id as author_id,
        'contact' as author_type
    from {{ ref('stg_intercom__contacts') }}
),

messages as (
    select
        conversation_id,
        '0' as part_id,
        'comment' as part_type,
        opening_author_type as author_type,
        opening_author_id as author_id,
        coalesce(opening_author_type = 'bot', false)
        or coalesce(delivered_as in ('automated', 'campaign_initiated', 'operator_initiated'), false) as is_automated,
        created_at as occurred_at
    from {{ ref('stg_intercom__conversations') }}
    union all
    select
        conversation_id,
        part_id,
        part_type,
        author_type,
        author_id,
        is_automated,
        occurred_at
    from {{ ref('stg_intercom__conversation_parts') }}
    where
        has_body
        -- An answer may close or open the conversation with it. Other parts with a text tell what happened, to nobody.
        and part_type in (
            'comment', 'quick_reply', 'close', 'open', 'note', 'note_and_reopen', 'note_and_unsnooze', 'assignment',
            'assign_and_reopen', 'assign_and_unsnooze'
        )
)

select
    'zendesk' as source,
    'zendesk:ticket:' || events.ticket_id as ticket_id,
    events.event_id,
    events.child_number,
    case when roles.role in ('agent', 'admin') then 'agent' when roles.role = 'end-user' then 'customer' end
        as author_role,
    roles.user_id is not null as is_author_known,
    coalesce(events.is_public, false) as is_public,
    events.is_automated,
    events.occurred_at
from {{ ref('stg_zendesk__ticket_events') }} as events
left join {{ ref('stg_zendesk__user_roles') }} as roles
    on
        events.author_id = roles.user_id
        and events.occurred_at >= roles.valid_from
        and events.occurred_at < roles.valid_to
where
    events.is_comment
    and events.ticket_id is not null
    and events.occurred_at is not null
union all
select
    'intercom' as source,
    'intercom:conversation:' || messages.conversation_id as ticket_id,
    messages.part_id as event_id,
    0 as child_number,
    case
        when messages.author_type = 'admin' then 'agent'
        when messages.author_type in ('user', 'lead', 'contact') then 'customer'
    end as author_role,
    authors.author_id is not null or coalesce(messages.author_type = 'bot', false) as is_author_known,
    coalesce(messages.part_type in ('comment', 'quick_reply', 'close', 'open'), false) as is_public,
    messages.is_automated,
    messages.occurred_at
from messages
left join authors
    on
        messages.author_id = authors.author_id
        and authors.author_type = case when messages.author_type = 'admin' then 'admin' else 'contact' end
where messages.occurred_at is not null
