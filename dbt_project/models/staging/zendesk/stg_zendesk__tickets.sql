-- Grain: one row a ticket that existed by as_of. The export's own time of change decides which version counts,
-- since system changes leave updated_at alone. One without a readable time of creation stays, for the count of what was
-- set aside. The subject is read for its words and goes no further; the description stays behind.
with tickets as (
    {{ stage_as_of(raw('zendesk', 'tickets'), [
        ('subject', 'subject', 'text'),
        ('status', 'status_original', 'text'),
        ('priority', 'priority', 'text'),
        ('type', 'ticket_type', 'text'),
        ('via.channel', 'channel', 'text'),
        ('requester_id', 'requester_id', 'id'),
        ('submitter_id', 'submitter_id', 'id'),
        ('organization_id', 'organization_id', 'id'),
        ('group_id', 'group_id', 'id'),
        ('brand_id', 'brand_id', 'id'),
        ('tags', 'tags', 'json'),
        ('satisfaction_rating.score', 'satisfaction_score', 'text'),
        ('metric_set.reopens', 'vendor_reopen_count', 'integer'),
        ('generated_timestamp', 'generated_timestamp', 'integer'),
        ('created_at', 'created_at', 'timestamp'),
        ('updated_at', 'updated_at', 'timestamp'),
    ], from_epoch('generated_timestamp')) }}
)

select
    record_id as ticket_id,
    requester_id,
    submitter_id,
    organization_id,
    group_id,
    brand_id,
    subject,
    {{ known_ticket_status('status_original') }} as status,
    status_original,
    priority,
    ticket_type,
    channel,
    {{ json_as_list("coalesce(nullif(tags, 'null'), '[]')") }} as tags,
    satisfaction_score,
    vendor_reopen_count,
    is_deleted or coalesce(lower(status_original) = 'deleted', false) as is_deleted,
    created_at,
    updated_at,
    {{ from_epoch('generated_timestamp') }} as generated_at
from tickets
where created_at is null or created_at < {{ as_of_at() }}
