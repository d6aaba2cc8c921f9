-- Grain: one row a conversation that was ever read and existed by as_of, in the state of then. What the vendor deleted
-- keeps its last state. One without a readable time of creation stays, for the count of what was set aside. The title
-- is read for its words and goes no further; bodies and names stay behind. The API gives the last 500 parts of a conversation.
with live_versions as (
    select *
    from {{ raw('intercom', 'conversations') }}
    where not is_deleted
),

deleted_versions as (
    select *
    from {{ raw('intercom', 'conversations') }}
    where is_deleted
),

conversations as (
    {{ stage_as_of('live_versions', [
        ('title', 'subject', 'text'),
        ('state', 'state', 'text'),
        ('priority', 'priority', 'text'),
        ('source.type', 'channel', 'text'),
        ('source.delivered_as', 'delivered_as', 'text'),
        ('source.author.type', 'opening_author_type', 'text'),
        ('source.author.id', 'opening_author_id', 'id'),
        ('contacts.contacts', 'contacts', 'json'),
        ('company.id', 'company_id', 'id'),
        ('external_references', 'external_references', 'json'),
        ('team_assignee_id', 'team_id', 'text'),
        ('conversation_parts.conversation_parts', 'parts', 'json'),
        ('conversation_parts.total_count', 'listed_part_count', 'integer'),
        ('statistics.count_conversation_parts', 'part_count', 'integer'),
        ('statistics.first_contact_reply_at', 'first_contact_reply_seconds', 'integer'),
        ('statistics.first_admin_reply_at', 'first_admin_reply_seconds', 'integer'),
        ('sla_applied.sla_name', 'sla_name', 'text'),
        ('sla_applied.sla_status', 'sla_status', 'text'),
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

part_rows as (
    {{ json_object_rows('conversations', ['record_id'], 'parts') }}
),

part_counts as (
    select
        record_id,
        count(*) as held_count
    from part_rows
    group by record_id
),

joined as (
    select
        conversations.record_id as conversation_id,
        {{ qualified(json_first_item_property('conversations.contacts', 'id'), 'conversations.record_id') }} as contact_id,
        conversations.company_id,
        conversations.subject,
        zendesk_tickets.zendesk_ticket_id,
        case when lower(conversations.state) in ('open', 'snoozed', 'closed') then lower(conversations.state) end as state,
        conversations.priority,
        conversations.channel,
        conversations.delivered_as,
        conversations.sla_name,
        case
            when lower(conversations.sla_status) = 'hit' then 'met'
            when lower(conversations.sla_status) = 'missed' then 'breached'
            when lower(conversations.sla_status) = 'active' then 'open'
            when lower(conversations.sla_status) in ('cancelled', 'canceled') then 'cancelled'
            when conversations.sla_name is not null or conversations.sla_status is not null then '(unknown)'
        end as sla_status,
        conversations.opening_author_type,
        conversations.opening_author_id,
        -- '0' is the vendor's word for no team.
        {{ qualified("nullif(conversations.team_id, '0')", 'conversations.record_id') }} as team_id,
        coalesce(conversations.part_count, 0) <= 500
        and coalesce(conversations.listed_part_count, 0) <= coalesce(part_counts.held_count, 0)
        -- Without a count of the vendor, a full list may be a cut one.
        and (conversations.part_count is not null or coalesce(part_counts.held_count, 0) < 500) as has_all_parts,
        {{ from_epoch('conversations.first_contact_reply_seconds') }} as first_contact_reply_at,
        {{ from_epoch('conversations.first_admin_reply_seconds') }} as first_admin_reply_at,
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
    left join part_counts
        on conversations.record_id = part_counts.record_id
)

select
    conversation_id,
    contact_id,
    company_id,
    subject,
    zendesk_ticket_id,
    team_id,
    state,
    priority,
    channel,
    delivered_as,
    sla_name,
    sla_status,
    opening_author_type,
    opening_author_id,
    has_all_parts,
    first_contact_reply_at,
    first_admin_reply_at,
    created_at,
    updated_at,
    case when deleted_at < {{ as_of_at() }} then deleted_at end as deleted_at
from joined
where created_at is null or created_at < {{ as_of_at() }}
