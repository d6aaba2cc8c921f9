-- Grain: one row an issue and custom field with a role (sprint, points, parent) that has a value in the issue's record as
-- of as_of: the value as JSON text of any shape, and read as a number and as a text where it is one, also inside an
-- object (`value` of an option, `key` of an issue).
with issues as (
    {{ stage_as_of(
        raw('jira', 'issues'),
        [('fields.updated', 'updated_original', 'text')],
        jira_timestamp('updated_original'),
        ['record']
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

members as (
    {{ json_member_rows(
        '(select record_id as issue_id, ' ~ json_member('record', "'fields'")
        ~ ' as issue_fields from issues where not is_deleted) as live_issues',
        ['issue_id'],
        'issue_fields'
    ) }}
),

field_values as (
    select
        members.issue_id,
        role_fields.field_id,
        role_fields.role,
        role_fields.preference,
        members.member as field_value
    from members
    inner join role_fields
        on
            members.name = {{ unqualified('role_fields.field_id') }}
            and {{ is_same_instance('members.issue_id', 'role_fields.field_id') }}
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
            {{ json_first_item("'[' || field_value || ']'") }}
        ) as text_value
    from field_values
    where field_value not in ('""', '[]', '{}')
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
