-- Grain: one row a repository and a name that any version read of it had, lower case.
with repositories as (
    {{ stage_versions(raw('github', 'repositories'), [
        ('name', 'repository_original', 'text'),
    ]) }}
)

select distinct
    record_id as repository_id,
    {{ qualified('lower(trim(repository_original))') }} as repository
from repositories
where trim(repository_original) <> ''
