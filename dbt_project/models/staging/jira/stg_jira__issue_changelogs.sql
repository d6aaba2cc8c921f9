-- Grain: one row a change of an issue's status, resolution, due date, sprints or points, from the histories embedded in issue
-- records (exports made with expand=changelog have them; the nightly read of issues does not).
with issues as (
    {{ stage_latest(source('jira', 'issues'), [
        ('changelog.histories', 'histories', 'json'),
    ]) }}
),

live_issues as (
    select
        record_id as issue_id,
        histories
    from issues
    where histories is not null
),

history_rows as (
    {{ json_object_rows('live_issues', ['issue_id'], 'histories') }}
),

parsed_histories as (
    select
        issue_id,
        {{ parse_json('item', {'id': text_type(), 'created': text_type(), 'items': json_type()}) }} as parsed
    from history_rows
),

histories as (
    select
        issue_id,
        {{ struct_field('parsed', ['id']) }} as history_id,
        {{ struct_field('parsed', ['created']) }} as created_original,
        cast({{ struct_field('parsed', ['items']) }} as {{ dbt.type_string() }}) as items
    from parsed_histories
),

changes as (
    {{ jira_history_items('histories') }}
)

select
    issue_id,
    history_id,
    cast(item_number as bigint) as item_number,
    field,
    from_value,
    from_text,
    to_value,
    to_text,
    changed_at
from changes
where changed_at is not null
