-- Grain: one row a version of a link of an entity to a Jira issue that was ever read. The vendor keeps no time of it.
with versions as (
    {{ stage_records(raw('productboard', 'jira_connections'), [
        ('id', 'entity_id', 'id'),
        ('fields.issueId', 'issue_id', 'text'),
        ('fields.issueKey', 'issue_key', 'text'),
    ], ['load_id', 'record_hash']) }}
)

select
    record_id as connection_id,
    entity_id,
    issue_id,
    issue_key,
    is_deleted,
    extracted_at,
    load_id,
    record_hash
from versions
