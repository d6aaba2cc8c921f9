-- Grain: one row a status that a ticket was given, at its creation or later, also after as_of, in the common words.
-- Events of a ticket at the same moment follow one another by `event_id` (numbers in text: shorter means smaller) and
-- `child_number`. `previous_status` is null where the tool does not tell.
with parts as (
    select
        conversation_id,
        part_id,
        occurred_at,
        -- The kind of a part says what it did; the others say in which state they found the conversation.
        case
            when part_type = 'close' then 'closed'
            when part_type = 'snoozed' then 'snoozed'
            when
                part_type in (
                    'open', 'assign_and_reopen', 'note_and_reopen', 'unsnoozed', 'assign_and_unsnooze',
                    'note_and_unsnooze', 'timer_unsnooze'
                )
                then 'open'
            else state
        end as state
    from {{ ref('stg_intercom__conversation_parts') }}
)

select
    'zendesk:ticket:' || ticket_id as ticket_id,
    event_id,
    child_number,
    status,
    previous_status,
    event_type = 'Create' as is_creation,
    occurred_at
from {{ ref('stg_zendesk__ticket_events') }}
where
    status is not null
    and event_type in ('Create', 'Change')
    and ticket_id is not null
    and occurred_at is not null
union all
select
    'intercom:conversation:' || conversation_id as ticket_id,
    '0' as event_id,
    0 as child_number,
    'open' as status,
    cast(null as {{ dbt.type_string() }}) as previous_status,
    true as is_creation,
    created_at as occurred_at
from {{ ref('stg_intercom__conversations') }}
where
    has_all_parts
    and created_at is not null
union all
select
    'intercom:conversation:' || conversation_id as ticket_id,
    part_id as event_id,
    0 as child_number,
    {{ status_of_conversation('state') }} as status,
    cast(null as {{ dbt.type_string() }}) as previous_status,
    false as is_creation,
    occurred_at
from parts
where
    {{ status_of_conversation('state') }} is not null
    and occurred_at is not null
union all
select
    'intercom:conversation:' || conversation_id as ticket_id,
    -- After all parts, whose ids are short numbers.
    'deletion of ' || conversation_id as event_id,
    0 as child_number,
    'deleted' as status,
    cast(null as {{ dbt.type_string() }}) as previous_status,
    false as is_creation,
    deleted_at as occurred_at
from {{ ref('stg_intercom__conversations') }}
where deleted_at is not null
