-- Grain: one row a change of an issue's status, resolution, due date, sprints or points, from the tracker's change histories.
with histories as (
    {{ stage_latest(source('jira', 'changelogs'), [
        ('issueId', 'issue_id', 'text'),
        ('created', 'created_original', 'text'),
        ('items', 'items', 'json'),
    ]) }}
),

live_histories as (
    select
        issue_id,
        record_id as history_id,
        created_original,
        items
    from histories
    where not is_deleted
),

changes as (
    {{ jira_history_items('live_histories') }}
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
