-- Grain: one row a flag that was created before as_of, those that are gone included and marked.
with flags as (
    {{ stage_as_of(raw('posthog', 'feature_flags'), [
        ('key', 'flag_key', 'text'),
        ('name', 'flag_name', 'text'),
        ('created_at', 'created_at', 'timestamp'),
    ]) }}
)

select
    record_id as flag_id,
    flag_key,
    flag_name,
    is_deleted,
    created_at
from flags
where coalesce(created_at < {{ as_of_at() }}, true)
