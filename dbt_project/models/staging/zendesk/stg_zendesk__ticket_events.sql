-- Grain: one row a child event (a change of a field, or a comment) of a ticket's audit, those of before the history of
-- events included where they were read. An event that names no ticket or
-- no readable time stays, for the count of what was set aside. Bodies stay behind.
with audits as (
    {{ stage_latest(raw('zendesk', 'ticket_events'), [
        ('ticket_id', 'ticket_id', 'id'),
        ('updater_id', 'updater_id', 'id'),
        ('via', 'via', 'json'),
        ('timestamp', 'occurred_seconds', 'integer'),
        ('created_at', 'created_at', 'timestamp'),
        ('child_events', 'child_events', 'json'),
    ]) }}
),

older_audits as (
    {{ stage_latest(raw('zendesk', 'ticket_audits'), [
        ('ticket_id', 'ticket_id', 'id'),
        ('author_id', 'updater_id', 'id'),
        ('via', 'via', 'json'),
        ('created_at', 'created_at', 'timestamp'),
        ('events', 'child_events', 'json'),
    ]) }}
),

live_audits as (
    select
        record_id as event_id,
        ticket_id,
        updater_id,
        child_events,
        lower(coalesce({{ json_property('via', "'channel'") }}, replace(via, '"', ''))) as channel,
        coalesce(created_at, {{ from_epoch('occurred_seconds') }}) as occurred_at
    from audits
    where not is_deleted
    union all
    select
        older_audits.record_id as event_id,
        older_audits.ticket_id,
        older_audits.updater_id,
        older_audits.child_events,
        lower({{ json_property('older_audits.via', "'channel'") }}) as channel,
        older_audits.created_at as occurred_at
    from older_audits
    left join audits
        on older_audits.record_id = audits.record_id
    where
        audits.record_id is null
        and not older_audits.is_deleted
),

child_rows as (
    {{ json_object_rows(
        'live_audits',
        ['event_id', 'ticket_id', 'updater_id', 'channel', 'occurred_at'],
        'child_events'
    ) }}
),

parsed_children as (
    select
        event_id,
        ticket_id,
        updater_id,
        channel,
        occurred_at,
        item_number,
        {{ parse_json('item', {
            'id': text_type(), 'event_type': text_type(), 'type': text_type(), 'field_name': text_type(),
            'value': text_type(), 'status': text_type(), 'previous_value': text_type(),
            'public': text_type(), 'comment_public': text_type(), 'comment_present': text_type(),
            'comment_id': text_type(), 'author_id': text_type(), 'group_id': text_type(),
            'priority': text_type(),
        }) }} as parsed
    from child_rows
),

children as (
    select
        event_id,
        ticket_id,
        updater_id,
        channel,
        occurred_at,
        item_number,
        {{ qualified(struct_field('parsed', ['id']), 'event_id') }} as child_event_id,
        coalesce({{ struct_field('parsed', ['event_type']) }}, {{ struct_field('parsed', ['type']) }}) as event_type,
        -- An audit of a ticket names the field that changed, an event of the export has it as its own.
        coalesce(
            {{ struct_field('parsed', ['status']) }},
            case
                when {{ struct_field('parsed', ['field_name']) }} = 'status' then {{ struct_field('parsed', ['value']) }}
            end
        ) as status_original,
        {{ struct_field('parsed', ['previous_value']) }} as previous_value,
        {{ qualified(struct_field('parsed', ['author_id']), 'event_id') }} as author_id,
        {{ struct_field('parsed', ['comment_id']) }} as comment_id,
        coalesce(
            {{ struct_field('parsed', ['group_id']) }},
            case
                when {{ struct_field('parsed', ['field_name']) }} = 'group_id' then {{ struct_field('parsed', ['value']) }}
            end
        ) as group_id,
        coalesce(
            {{ struct_field('parsed', ['priority']) }},
            case
                when {{ struct_field('parsed', ['field_name']) }} = 'priority' then {{ struct_field('parsed', ['value']) }}
            end
        ) as priority,
        coalesce({{ cast_field(struct_field('parsed', ['comment_present']), 'boolean') }}, false)
            as is_comment_present,
        coalesce(
            {{ cast_field(struct_field('parsed', ['public']), 'boolean') }},
            {{ cast_field(struct_field('parsed', ['comment_public']), 'boolean') }}
        ) as is_public
    from parsed_children
)

select
    event_id,
    child_event_id,
    ticket_id,
    updater_id,
    coalesce(author_id, updater_id) as author_id,
    event_type,
    channel,
    {{ known_ticket_status('status_original') }} as status,
    status_original,
    case when status_original is not null then {{ known_ticket_status('previous_value') }} end as previous_status,
    {{ qualified('group_id', 'event_id') }} as group_id,
    case when group_id is not null then {{ qualified('previous_value', 'event_id') }} end as previous_group_id,
    priority,
    case when priority is not null then previous_value end as previous_priority,
    cast(item_number as bigint) as child_number,
    -- A comment by voice, on a page, in a chat: whatever its kind, it says whether everybody may read it. So does a
    -- change of a comment that names it.
    is_comment_present
    or coalesce(lower(event_type) like '%comment', false)
    or (is_public is not null and comment_id is null) as is_comment,
    is_public,
    coalesce(channel in ('rule', 'system'), false) as is_automated,
    occurred_at
from children
