-- Grain: one row a part of a conversation (a comment, a note, an assignment, a change of state), of the conversation's
-- state of as_of. A part that says no readable time stays, for the count of what was set aside; one without an id bears
-- its place in the list. Bodies stay behind; whether there is one is kept.
with live_versions as (
    select *
    from {{ raw('intercom', 'conversations') }}
    where not is_deleted
),

conversations as (
    {{ stage_as_of('live_versions', [
        ('conversation_parts.conversation_parts', 'parts', 'json'),
        ('updated_at', 'updated_seconds', 'integer'),
    ], from_epoch('updated_seconds')) }}
),

part_rows as (
    {{ json_object_rows('conversations', ['record_id'], 'parts') }}
),

parsed_parts as (
    select
        record_id,
        item_number,
        {{ parse_json('item', {
            'id': text_type(), 'part_type': text_type(), 'state': text_type(), 'body': text_type(), 'created_at': text_type(),
            'author': {'type': text_type(), 'id': text_type(), 'from_ai_agent': text_type()},
            'assigned_to': {'type': text_type(), 'id': text_type()},
        }) }} as parsed
    from part_rows
),

parts as (
    select
        record_id as conversation_id,
        item_number,
        {{ qualified("coalesce(" ~ struct_field('parsed', ['id']) ~ ", 'place ' || item_number)") }} as part_id,
        {{ struct_field('parsed', ['part_type']) }} as part_type,
        {{ struct_field('parsed', ['state']) }} as state,
        {{ struct_field('parsed', ['author', 'type']) }} as author_type,
        {{ qualified(struct_field('parsed', ['author', 'id'])) }} as author_id,
        case
            when {{ struct_field('parsed', ['assigned_to', 'type']) }} = 'team'
                then {{ qualified(struct_field('parsed', ['assigned_to', 'id'])) }}
        end as assigned_team_id,
        coalesce({{ struct_field('parsed', ['body']) }}, '') <> '' as has_body,
        coalesce({{ cast_field(struct_field('parsed', ['author', 'from_ai_agent']), 'boolean') }}, false)
        or {{ struct_field('parsed', ['author', 'type']) }} = 'bot' as is_automated,
        {{ from_epoch(struct_field('parsed', ['created_at'])) }} as occurred_at
    from parsed_parts
),

numbered as (
    select
        *,
        row_number() over (partition by conversation_id, part_id order by item_number asc) as showing_number
    from parts
)

select
    conversation_id,
    part_id,
    part_type,
    lower(state) as state,
    author_type,
    author_id,
    assigned_team_id,
    cast(item_number as bigint) as part_number,
    has_body,
    coalesce(is_automated, false) as is_automated,
    occurred_at
from numbered
where showing_number = 1
