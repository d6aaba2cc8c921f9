-- Grain: one row a conversation and tag, in the state of as_of.
with live_versions as (
    select *
    from {{ source('intercom', 'conversations') }}
    where not is_deleted
),

conversations as (
    {{ stage_as_of('live_versions', [
        ('tags.tags', 'tags', 'json'),
        ('updated_at', 'updated_seconds', 'integer'),
    ], from_epoch('updated_seconds')) }}
),

tag_rows as (
    {{ json_object_rows('conversations', ['record_id'], 'tags') }}
)

select distinct
    record_id as conversation_id,
    {{ json_property('item', "'name'") }} as tag
from tag_rows
where {{ json_property('item', "'name'") }} is not null
