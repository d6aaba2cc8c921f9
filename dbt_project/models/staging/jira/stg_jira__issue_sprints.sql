-- Grain: one row an issue and sprint in which the issue's record has it as of as_of. What the record says counts only
-- for issues whose sprints never changed. The custom field's id differs by site: variable `jira_sprint_field`.
with issues as (
    {{ stage_as_of(source('jira', 'issues'), [
        ('fields.' ~ var('jira_sprint_field'), 'sprints', 'json'),
        ('fields.updated', 'updated_original', 'text'),
    ], jira_timestamp('updated_original')) }}
),

planned_issues as (
    select
        record_id as issue_id,
        sprints
    from issues
    where sprints is not null and not is_deleted
),

sprint_rows as (
    {{ json_object_rows('planned_issues', ['issue_id'], 'sprints') }}
),

parsed_sprints as (
    select
        issue_id,
        {{ parse_json('item', {'id': text_type()}) }} as parsed
    from sprint_rows
)

select distinct
    issue_id,
    {{ struct_field('parsed', ['id']) }} as sprint_id
from parsed_sprints
where {{ struct_field('parsed', ['id']) }} is not null
