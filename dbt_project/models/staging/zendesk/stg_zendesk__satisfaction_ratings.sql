-- Grain: one row a rating that was offered or given by as_of. The comment stays behind.
with ratings as (
    {{ stage_as_of(raw('zendesk', 'satisfaction_ratings'), [
        ('ticket_id', 'ticket_id', 'id'),
        ('requester_id', 'requester_id', 'id'),
        ('score', 'score', 'text'),
        ('comment', 'comment', 'text'),
        ('created_at', 'created_at', 'timestamp'),
        ('updated_at', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as rating_id,
    ticket_id,
    requester_id,
    score,
    coalesce(trim(comment), '') <> '' as has_comment,
    created_at,
    updated_at
from ratings
where
    not is_deleted
    and (created_at is null or created_at < {{ as_of_at() }})
