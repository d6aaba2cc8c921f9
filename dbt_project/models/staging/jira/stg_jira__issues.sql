-- Grain: one row an issue that existed by as_of, as the tracker's record then had it; what happened to its fields is in
-- stg_jira__changelogs. The summary, and everybody named in the issue, stay behind. An issue whose creation cannot be read
-- counts from the first moment that its record tells (`is_creation_known`). `unreadable_fields` are those whose value is
-- not what it should be, as |one|other|; their columns are null.
{# Handed on as they stand. #}
{% set carried = [
    ('fields.project.id', 'project_id', 'id'),
    ('fields.parent.id', 'parent_id', 'id'),
    ('fields.issuetype.name', 'issue_type', 'text'),
    ('fields.status.id', 'status_id', 'id'),
    ('fields.priority.name', 'priority', 'text'),
    ('changelog.total', 'history_total', 'integer'),
] %}
with issues as (
    {{ stage_as_of(raw('jira', 'issues'), carried + [
        ('key', 'issue_key', 'text'),
        ('fields.project.key', 'project_key', 'text'),
        ('fields.parent.key', 'parent_key', 'text'),
        ('fields.issuetype.subtask', 'is_subtask', 'boolean'),
        ('fields.issuetype.hierarchyLevel', 'hierarchy_level', 'integer'),
        ('fields.status.name', 'status_original', 'text'),
        ('fields.status.statusCategory.key', 'status_category', 'text'),
        ('fields.resolution.name', 'resolution', 'text'),
        ('fields.fixVersions', 'fix_versions', 'json'),
        ('fields.duedate', 'due_original', 'text'),
        ('fields.created', 'created_original', 'text'),
        ('fields.updated', 'updated_original', 'text'),
        ('fields.resolutiondate', 'resolved_original', 'text'),
        ('fields.statuscategorychangedate', 'status_category_changed_original', 'text'),
    ], jira_timestamp('updated_original')) }}
),

custom_fields as (
    select
        issue_id,
        role,
        text_value,
        number_value,
        row_number() over (partition by issue_id, role order by preference asc, field_id asc) as place
    from {{ ref('stg_jira__issue_fields') }}
    where
        role = 'parent'
        or (role = 'points' and number_value >= 0)
),

dated as (
    select
        *,
        {{ try_cast('left(due_original, 10)', 'date') }} as due_date,
        -- No tracker is that old: a clock that was never set, or a zero.
        case
            when {{ jira_timestamp('created_original') }} >= cast('1980-01-02' as timestamp)
                then {{ jira_timestamp('created_original') }}
        end as known_created_at,
        {{ jira_timestamp('updated_original') }} as updated_at,
        {{ jira_timestamp('resolved_original') }} as resolved_at,
        {{ jira_timestamp('status_category_changed_original') }} as status_category_changed_at,
        -- A night reads after the day that it is about.
        {{ add_time('day', -1, 'extracted_at') }} as told_at
    from issues
),

created as (
    select
        *,
        coalesce(
            known_created_at,
            {{ least() }}(
                coalesce(resolved_at, told_at),
                coalesce(status_category_changed_at, told_at),
                coalesce(updated_at, told_at)
            )
        ) as created_at
    from dated
)

select
    created.record_id as issue_id,
    {%- for path, column, type in carried %}
    created.{{ column }},
    {%- endfor %}
    upper(coalesce(nullif(trim(created.issue_key), ''), {{ unqualified('created.record_id') }})) as issue_key,
    upper(coalesce(created.project_key, {{ text_part('created.issue_key', "'-'", 1) }})) as project_key,
    -- The parent; where it is not said, the epic that a custom field links to. A key, or an id.
    {{ qualified('coalesce(created.parent_key, parents.text_value)', 'created.record_id') }} as parent_key,
    nullif(trim(created.status_original), '') as status_original,
    {{ jira_status_category('created.status_category') }} as status_category,
    nullif(trim(created.resolution), '') as resolution,
    coalesce(created.fix_versions, '[]') as fix_versions,
    points.number_value as story_points,
    -- Trackers that do not say the level of an issue type have epics by that name, and sub-tasks by a flag.
    coalesce(
        created.hierarchy_level,
        case when created.is_subtask then -1 when lower(created.issue_type) = 'epic' then 1 else 0 end
    ) as hierarchy_level,
    created.is_deleted,
    created.known_created_at is not null as is_creation_known,
    '|'
    {%- for field, value, original in [
        ('duedate', 'due_date', 'due_original'),
        ('created', 'known_created_at', 'created_original'),
        ('updated', 'updated_at', 'updated_original'),
        ('resolutiondate', 'resolved_at', 'resolved_original'),
        ('statuscategorychangedate', 'status_category_changed_at', 'status_category_changed_original'),
    ] %}
    || case when created.{{ value }} is null and created.{{ original }} <> '' then '{{ field }}|' else '' end
    {%- endfor %} as unreadable_fields,
    created.due_date,
    created.created_at,
    created.updated_at,
    created.resolved_at,
    created.status_category_changed_at
from created
left join custom_fields as parents
    on
        created.record_id = parents.issue_id
        and parents.role = 'parent'
        and parents.place = 1
left join custom_fields as points
    on
        created.record_id = points.issue_id
        and points.role = 'points'
        and points.place = 1
where created.created_at < {{ as_of_at() }}
