-- Grain: one row a flag that was created before as_of, those that are gone included and marked.
with flags as (
    {{ stage_as_of(raw('launchdarkly', 'flags'), [
        ('project_key', 'project_key', 'text'),
        ('key', 'flag_key', 'text'),
        ('name', 'flag_name', 'text'),
        ('kind', 'kind', 'text'),
        ('temporary', 'is_temporary', 'boolean'),
        ('archived', 'is_archived', 'boolean'),
        ('creationDate', 'created_original', 'text'),
    ]) }}
)

select
    record_id as flag_id,
    project_key,
    flag_key,
    flag_name,
    kind,
    is_temporary,
    is_archived,
    is_deleted,
    {{ from_epoch('created_original') }} as created_at
from flags
where coalesce({{ from_epoch('created_original') }} < {{ as_of_at() }}, true)
