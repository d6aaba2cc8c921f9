-- Grain: one row an issue and custom field with a role (sprint, points, parent) that has a value in the issue's record as
-- of as_of: the value as JSON text of any shape, and read as a number and as a text where it is one, also inside an
-- object (`value` of an option, `key` of an issue).
with issues as (
    {{ stage_as_of(
        raw('jira', 'issues'),
        [('fields', 'issue_fields', 'json')],
        jira_timestamp(json_property('issue_fields', "'updated'"))
    ) }}
),

role_fields as (
    select
        field_id,
        role,
        preference
    from {{ ref('stg_jira__field_roles') }}
    where
        {{ unqualified('field_key') }} like 'id:customfield%'
        and role is not null
),

field_values as (
    select
        issues.record_id as issue_id,
        role_fields.field_id,
        role_fields.role,
        role_fields.preference,
        {{ json_member('issues.issue_fields', unqualified('role_fields.field_id')) }} as field_value,
        {{ json_property('issues.issue_fields', unqualified('role_fields.field_id')) }} as field_text
    from issues
    cross join role_fields
    where
        not issues.is_deleted
        and issues.issue_fields is not null
        and {{ is_same_instance('issues.record_id', 'role_fields.field_id') }}
),

parsed as (
    select
        issue_id,
        field_id,
        role,
        preference,
        field_value,
        coalesce(
            {{ json_property('field_value', "'value'") }},
            {{ json_property('field_value', "'key'") }},
            {{ json_property(json_member('field_value', "'data'"), "'key'") }},
            field_text
        ) as text_value
    from field_values
    where
        field_value is not null
        and field_value not in ('""', '[]', '{}')
)

select
    issue_id,
    field_id,
    role,
    preference,
    field_value,
    text_value,
    {{ try_cast('text_value', 'double') }} as number_value
from parsed
