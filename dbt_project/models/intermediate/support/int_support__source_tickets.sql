-- Grain: one row a ticket of any support tool that existed by as_of. `ticket_id` is `<tool>:<kind>:<id>`, unique over
-- the tools. A conversation that only shows a ticket of another desk that is read too is that ticket, and no second one.
-- `status` is the record's in the common words (new, open, pending, hold, solved, closed, deleted), not that of as_of.
-- `history_gap` says what the tool's history lacks (null: nothing), `recorded_at` when the history says that it was
-- created. `vendor_reply_clock_at` and `vendor_first_reply_at`: what the tool itself remembers of a history that it cuts.
with conversations as (
    select
        conversations.conversation_id,
        conversations.contact_id,
        coalesce(conversations.company_id, contacts.company_id) as company_id,
        conversations.team_id,
        conversations.state,
        conversations.priority,
        conversations.channel,
        conversations.has_all_parts,
        case
            when conversations.opening_author_type in ('user', 'lead', 'contact') then conversations.created_at
            else conversations.first_contact_reply_at
        end as vendor_reply_clock_at,
        conversations.first_admin_reply_at,
        conversations.created_at,
        conversations.deleted_at
    from {{ ref('stg_intercom__conversations') }} as conversations
    left join {{ ref('int_support__mirrored_tickets') }} as mirrored
        on 'intercom:conversation:' || conversations.conversation_id = mirrored.ticket_id
    left join {{ ref('stg_intercom__contacts') }} as contacts
        on conversations.contact_id = contacts.contact_id
    where
        mirrored.ticket_id is null
        and conversations.created_at is not null
),

zendesk_histories as (
    select
        ticket_id,
        min(case when event_type = 'Create' then occurred_at end) as recorded_at
    from {{ ref('stg_zendesk__ticket_events') }}
    where
        ticket_id is not null
        and occurred_at is not null
    group by ticket_id
)

select
    'zendesk' as source,
    'zendesk:ticket:' || tickets.ticket_id as ticket_id,
    'zendesk:user:' || tickets.requester_id as requester_key,
    'zendesk:organization:' || tickets.organization_id as organization_key,
    tickets.group_id as team_id,
    tickets.brand_id,
    tickets.status,
    tickets.status_original,
    tickets.priority,
    tickets.channel,
    case
        when histories.ticket_id is null then 'no_events'
        when histories.recorded_at is null then 'beginning_not_read'
    end as history_gap,
    histories.recorded_at,
    cast(null as timestamp) as vendor_reply_clock_at,
    cast(null as timestamp) as vendor_first_reply_at,
    tickets.created_at,
    case when tickets.is_deleted then coalesce(tickets.generated_at, tickets.updated_at) end as deleted_at
from {{ ref('stg_zendesk__tickets') }} as tickets
left join zendesk_histories as histories
    on tickets.ticket_id = histories.ticket_id
where tickets.created_at is not null
union all
select
    'intercom' as source,
    'intercom:conversation:' || conversation_id as ticket_id,
    'intercom:contact:' || contact_id as requester_key,
    'intercom:company:' || company_id as organization_key,
    team_id,
    cast(null as {{ dbt.type_string() }}) as brand_id,
    {{ status_of_conversation('state') }} as status,
    state as status_original,
    priority,
    channel,
    case when not has_all_parts then 'parts_cut_off' end as history_gap,
    created_at as recorded_at,
    vendor_reply_clock_at,
    first_admin_reply_at as vendor_first_reply_at,
    created_at,
    deleted_at
from conversations
