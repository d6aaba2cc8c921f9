-- Grain: one row a project.
with projects as (
    {{ stage_as_of(source('jira', 'projects'), [
        ('key', 'project_key', 'text'),
        ('name', 'project_name', 'text'),
    ]) }}
)

select
    record_id as project_id,
    project_key,
    project_name,
    is_deleted
from projects
