-- Grain: one row a change of a field that delivery metrics read (its role in stg_jira__fields), from the tracker's stream
-- of change histories.
with histories as (
    {{ stage_latest(raw('jira', 'changelogs'), [
        ('issueId', 'issue_id', 'id'),
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
    where not is_deleted and issue_id is not null
)

{{ jira_history_items('live_histories') }}
