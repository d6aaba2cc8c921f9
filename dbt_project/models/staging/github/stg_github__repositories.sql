with repositories as (
    {{ stage_as_of(raw('github', 'repositories'), [
        ('name', 'repository_original', 'text'),
        ('default_branch', 'default_branch', 'text'),
        ('archived', 'is_archived', 'boolean'),
        ('created_at', 'created_at', 'timestamp'),
    ]) }}
)

select
    record_id as repository_id,
    {{ qualified('lower(repository_original)') }} as repository,
    repository_original,
    default_branch,
    coalesce(is_archived, false) as is_archived,
    created_at
from repositories
where not is_deleted
