-- Grain: one row a child event (a change of a field, or a comment) of a ticket's audit. Bodies stay behind.
with audits as (
    {{ stage_latest(source('zendesk', 'ticket_events'), [
        ('ticket_id', 'ticket_id', 'text'),
        ('updater_id', 'updater_id', 'text'),
        ('via', 'via', 'json'),
        ('timestamp', 'occurred_seconds', 'integer'),
        ('created_at', 'created_at', 'timestamp'),
        ('child_events', 'child_events', 'json'),
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
            'id': text_type(), 'event_type': text_type(), 'status': text_type(), 'previous_value': text_type(),
            'public': text_type(), 'author_id': text_type(), 'via_reference_id': text_type(),
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
        {{ struct_field('parsed', ['id']) }} as child_event_id,
        {{ struct_field('parsed', ['event_type']) }} as event_type,
        {{ struct_field('parsed', ['status']) }} as status_original,
        {{ struct_field('parsed', ['previous_value']) }} as previous_value,
        {{ struct_field('parsed', ['author_id']) }} as author_id,
        {{ cast_field(struct_field('parsed', ['public']), 'boolean') }} as is_public
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
    lower(status_original) as status,
    status_original,
    case when status_original is not null then lower(previous_value) end as previous_status,
    cast(item_number as bigint) as child_number,
    is_public,
    coalesce(channel in ('rule', 'system'), false) as is_automated,
    occurred_at
from children
