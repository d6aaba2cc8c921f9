-- Grain: one row a conversation and tag, in the state of as_of; the tag is null where the list holds something else.
with live_versions as (
    select *
    from {{ raw('intercom', 'conversations') }}
    where not is_deleted
),

conversations as (
    {{ stage_as_of('live_versions', [
        ('tags.tags', 'tags', 'json'),
        ('updated_at', 'updated_seconds', 'integer'),
    ], from_epoch('updated_seconds')) }}
),

listed as (
    select
        record_id,
        {{ json_as_list("nullif(tags, 'null')") }} as tags
    from conversations
),

item_rows as (
    {{ json_array_rows('listed', ['record_id'], 'tags') }}
),

tag_rows as (
    {{ json_object_rows('listed', ['record_id'], 'tags') }}
)

select distinct
    item_rows.record_id as conversation_id,
    {{ ticket_tag(json_property('tag_rows.item', "'name'")) }} as tag
from item_rows
left join tag_rows
    on
        item_rows.record_id = tag_rows.record_id
        and item_rows.item_number = tag_rows.item_number
