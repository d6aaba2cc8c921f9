-- Grain: one row a change history of an issue, whichever way it arrived: by the stream of changes, or embedded in the
-- issue's record (of which the vendor shows 100 at most). What changed is in stg_jira__changelogs and
-- stg_jira__issue_changelogs. `changed_at` is null when its time cannot be read.
with streamed as (
    {{ stage_latest(raw('jira', 'changelogs'), [
        ('issueId', 'issue_id', 'id'),
        ('created', 'created_original', 'text'),
    ]) }}
),

embedded as (
    {{ jira_embedded_histories() }}
),

histories as (
    select
        issue_id,
        record_id as history_id,
        created_original
    from streamed
    where not is_deleted and issue_id is not null
    union all
    select
        issue_id,
        history_id,
        created_original
    from embedded
)

select
    issue_id,
    history_id,
    max({{ jira_timestamp('created_original') }}) as changed_at
from histories
group by issue_id, history_id
