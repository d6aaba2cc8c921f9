-- Grain: one row an issue and combination of key, project and status that some version read of it had, with the last
-- reading that showed it: what things were called, and which category a status had, before.
with versions as (
    {{ stage_versions(raw('jira', 'issues'), [
        ('key', 'issue_key', 'text'),
        ('fields.project.id', 'project_id', 'id'),
        ('fields.project.key', 'project_key', 'text'),
        ('fields.status.id', 'status_id', 'id'),
        ('fields.status.name', 'status_name', 'text'),
        ('fields.status.statusCategory.key', 'status_category', 'text'),
    ]) }}
)

select
    record_id as issue_id,
    upper({{ qualified("nullif(trim(issue_key), '')") }}) as issue_key,
    project_id,
    upper({{ qualified("nullif(trim(project_key), '')") }}) as project_key,
    status_id,
    nullif(trim(status_name), '') as status_name,
    {{ jira_status_category('status_category') }} as status_category,
    max(extracted_at) as last_seen_at
from versions
group by 1, 2, 3, 4, 5, 6, 7
