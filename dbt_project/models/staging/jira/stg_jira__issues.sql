-- Grain: one row an issue that existed by as_of, as the tracker's record then had it; what happened to its status,
-- resolution and due date is in stg_jira__changelogs. The summary, and everybody named in the issue, stay behind.
with issues as (
    {{ stage_as_of(source('jira', 'issues'), [
        ('key', 'issue_key', 'text'),
        ('fields.project.id', 'project_id', 'text'),
        ('fields.project.key', 'project_key', 'text'),
        ('fields.parent.id', 'parent_issue_id', 'text'),
        ('fields.issuetype.name', 'issue_type', 'text'),
        ('fields.issuetype.subtask', 'is_subtask', 'boolean'),
        ('fields.issuetype.hierarchyLevel', 'hierarchy_level', 'integer'),
        ('fields.status.id', 'status_id', 'text'),
        ('fields.status.name', 'status_original', 'text'),
        ('fields.status.statusCategory.key', 'status_category', 'text'),
        ('fields.resolution.name', 'resolution', 'text'),
        ('fields.priority.name', 'priority', 'text'),
        ('fields.fixVersions', 'fix_versions', 'json'),
        ('fields.duedate', 'due_date', 'date'),
        ('fields.' ~ var('jira_points_field'), 'story_points', 'double'),
        ('fields.created', 'created_original', 'text'),
        ('fields.updated', 'updated_original', 'text'),
        ('fields.resolutiondate', 'resolved_original', 'text'),
        ('fields.statuscategorychangedate', 'status_category_changed_original', 'text'),
    ], jira_timestamp('updated_original')) }}
)

select
    record_id as issue_id,
    issue_key,
    project_id,
    coalesce(project_key, {{ text_part('issue_key', "'-'", 1) }}) as project_key,
    parent_issue_id,
    issue_type,
    status_id,
    status_original,
    status_category,
    resolution,
    priority,
    coalesce(fix_versions, '[]') as fix_versions,
    story_points,
    -- Trackers that do not say the level of an issue type have epics by that name, and sub-tasks by a flag.
    coalesce(
        hierarchy_level,
        case when is_subtask then -1 when lower(issue_type) = 'epic' then 1 else 0 end
    ) as hierarchy_level,
    is_deleted,
    due_date,
    {{ jira_timestamp('created_original') }} as created_at,
    {{ jira_timestamp('updated_original') }} as updated_at,
    {{ jira_timestamp('resolved_original') }} as resolved_at,
    {{ jira_timestamp('status_category_changed_original') }} as status_category_changed_at
from issues
where {{ jira_timestamp('created_original') }} < {{ as_of_at() }}
