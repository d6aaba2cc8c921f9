-- Grain: one row a project.
with projects as (
    {{ stage_as_of(raw('jira', 'projects'), [
        ('key', 'project_key', 'text'),
        ('name', 'project_name', 'text'),
    ]) }}
)

select
    record_id as project_id,
    {{ qualified('project_key') }} as project_key,
    project_name,
    is_deleted
from projects
