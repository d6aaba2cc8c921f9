-- Grain: one row a ticket that a support tool only shows, because it is kept in another one that is read too.
select
    'intercom' as source,
    'intercom:conversation:' || conversations.conversation_id as ticket_id,
    'zendesk:ticket:' || tickets.ticket_id as original_ticket_id
from {{ ref('stg_intercom__conversations') }} as conversations
inner join {{ ref('stg_zendesk__tickets') }} as tickets
    on conversations.zendesk_ticket_id = tickets.ticket_id
