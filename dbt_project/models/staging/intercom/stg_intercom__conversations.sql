-- Grain: one row a conversation that was ever read and existed by as_of, in the state of then. What the vendor deleted
-- keeps its last state. Subject, bodies and names stay behind. The API gives the last 500 parts of a conversation.
with live_versions as (
    select *
    from {{ source('intercom', 'conversations') }}
    where not is_deleted
),

deleted_versions as (
    select *
    from {{ source('intercom', 'conversations') }}
    where is_deleted
),

conversations as (
    {{ stage_as_of('live_versions', [
        ('state', 'state', 'text'),
        ('priority', 'priority', 'text'),
        ('source.type', 'channel', 'text'),
        ('source.delivered_as', 'delivered_as', 'text'),
        ('source.author.type', 'opening_author_type', 'text'),
        ('source.author.id', 'opening_author_id', 'text'),
        ('contacts.contacts', 'contacts', 'json'),
        ('company.id', 'company_id', 'text'),
        ('external_references', 'external_references', 'json'),
        ('statistics.count_conversation_parts', 'part_count', 'integer'),
        ('created_at', 'created_seconds', 'integer'),
        ('updated_at', 'updated_seconds', 'integer'),
    ], from_epoch('updated_seconds')) }}
),

deletions as (
    {{ stage_latest('deleted_versions', [('deleted_at', 'deleted_seconds', 'integer')]) }}
),

reference_rows as (
    {{ json_object_rows('conversations', ['record_id'], 'external_references') }}
),

-- A desk that is synchronised with another one names the ticket that it shows.
zendesk_tickets as (
    select
        record_id,
        min({{ json_property('item', "'id'") }}) as zendesk_ticket_id
    from reference_rows
    where {{ json_property('item', "'type'") }} = 'zendesk_ticket'
    group by record_id
),

joined as (
    select
        conversations.record_id as conversation_id,
        {{ json_first_item_property('conversations.contacts', 'id') }} as contact_id,
        conversations.company_id,
        zendesk_tickets.zendesk_ticket_id,
        lower(conversations.state) as state,
        conversations.priority,
        conversations.channel,
        conversations.delivered_as,
        conversations.opening_author_type,
        conversations.opening_author_id,
        coalesce(conversations.part_count, 0) <= 500 as has_all_parts,
        {{ from_epoch('conversations.created_seconds') }} as created_at,
        {{ from_epoch('conversations.updated_seconds') }} as updated_at,
        case
            when deletions.record_id is not null
                then coalesce({{ from_epoch('deletions.deleted_seconds') }}, deletions.extracted_at)
        end as deleted_at
    from conversations
    left join deletions
        on conversations.record_id = deletions.record_id
    left join zendesk_tickets
        on conversations.record_id = zendesk_tickets.record_id
)

select
    conversation_id,
    contact_id,
    company_id,
    zendesk_ticket_id,
    state,
    priority,
    channel,
    delivered_as,
    opening_author_type,
    opening_author_id,
    has_all_parts,
    created_at,
    updated_at,
    case when deleted_at < {{ as_of_at() }} then deleted_at end as deleted_at
from joined
where created_at < {{ as_of_at() }}
