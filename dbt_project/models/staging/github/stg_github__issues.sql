-- Grain: one row an issue, pull requests apart, that was created by as_of. Closed after as_of is open.
-- Title and text, and everybody named, stay behind.
with issues as (
    {{ stage_as_of(raw('github', 'issues'), [
        ('repository_url', 'address', 'text'),
        ('number', 'issue_number', 'integer'),
        ('state_reason', 'state_reason', 'text'),
        ('type.name', 'issue_type', 'text'),
        ('labels', 'labels', 'json'),
        ('created_at', 'created_at', 'timestamp'),
        ('updated_at', 'updated_at', 'timestamp'),
        ('closed_at', 'closed_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as issue_id,
    {{ github_repository('address') }} as repository,
    issue_number,
    issue_type,
    coalesce(labels, '[]') as labels,
    case when closed_at < {{ as_of_at() }} then lower(state_reason) end as close_reason,
    created_at,
    {{ if_before_as_of('closed_at') }} as closed_at
from issues
where
    not is_deleted
    and created_at < {{ as_of_at() }}
