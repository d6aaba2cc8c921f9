-- Grain: one row an owner. An owner's name and address stay behind.
with owners as (
    {{ stage_as_of(raw('hubspot', 'owners'), [
        ('userId', 'user_id', 'id'),
        ('archived', 'is_archived', 'boolean'),
        ('createdAt', 'created_at', 'timestamp'),
        ('updatedAt', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as owner_id,
    user_id,
    coalesce(is_archived, false) or is_deleted as is_archived,
    created_at,
    updated_at
from owners
