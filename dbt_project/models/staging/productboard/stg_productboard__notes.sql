-- Grain: one row a note that existed by as_of, in the state of then. Titles, bodies and the names of staff end here.
with notes as (
    {{ stage_as_of(raw('productboard', 'notes'), [
        ('type', 'note_type', 'text'),
        ('fields.source.origin', 'origin', 'text'),
        ('metadata.source.system', 'source_system', 'text'),
        ('fields.tags', 'tags', 'json'),
        ('fields.processed', 'is_processed', 'boolean'),
        ('fields.archived', 'is_archived', 'boolean'),
        ('relationships.data', 'relationships', 'json'),
        ('createdAt', 'created_at', 'timestamp'),
        ('updatedAt', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as note_id,
    note_type,
    nullif(trim(coalesce(origin, source_system)), '') as source_original,
    coalesce(tags, '[]') as tags,
    coalesce(relationships, '[]') as relationships,
    coalesce(is_processed, false) as is_processed,
    coalesce(is_archived, false) as is_archived,
    is_deleted,
    created_at,
    updated_at
from notes
where created_at is null or created_at < {{ as_of_at() }}
