-- Grain: one row a ticket of any support tool that existed by as_of. `ticket_id` is `<tool>:<kind>:<id>`, unique over
-- the tools. A conversation that only shows a ticket of another desk that is read too is that ticket, and no second one.
-- `status` is the record's in the common words (new, open, pending, hold, solved, closed, deleted), not that of as_of.
with conversations as (
    select
        conversations.conversation_id,
        conversations.contact_id,
        coalesce(conversations.company_id, contacts.company_id) as company_id,
        conversations.state,
        conversations.priority,
        conversations.channel,
        conversations.has_all_parts,
        conversations.created_at,
        conversations.deleted_at
    from {{ ref('stg_intercom__conversations') }} as conversations
    left join {{ ref('int_support__mirrored_tickets') }} as mirrored
        on 'intercom:conversation:' || conversations.conversation_id = mirrored.ticket_id
    left join {{ ref('stg_intercom__contacts') }} as contacts
        on conversations.contact_id = contacts.contact_id
    where mirrored.ticket_id is null
)

select
    'zendesk' as source,
    'zendesk:ticket:' || ticket_id as ticket_id,
    'zendesk:user:' || requester_id as requester_key,
    'zendesk:organization:' || organization_id as organization_key,
    status,
    status_original,
    priority,
    channel,
    true as is_history_complete,
    created_at,
    case when is_deleted then coalesce(generated_at, updated_at) end as deleted_at
from {{ ref('stg_zendesk__tickets') }}
union all
select
    'intercom' as source,
    'intercom:conversation:' || conversation_id as ticket_id,
    'intercom:contact:' || contact_id as requester_key,
    'intercom:company:' || company_id as organization_key,
    {{ status_of_conversation('state') }} as status,
    state as status_original,
    priority,
    channel,
    has_all_parts as is_history_complete,
    created_at,
    deleted_at
from conversations
