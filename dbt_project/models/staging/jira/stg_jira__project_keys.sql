-- Grain: one row a project and a key that any version read of it had, in upper case.
with projects as (
    {{ stage_versions(raw('jira', 'projects'), [
        ('key', 'project_key', 'text'),
    ]) }}
)

select distinct
    record_id as project_id,
    upper({{ qualified('trim(project_key)') }}) as project_key
from projects
where trim(project_key) <> ''
