-- Grain: one row an incident that was triggered before as_of. Resolved after as_of is open. Its title, and everybody named,
-- stay behind.
with incidents as (
    {{ stage_as_of(raw('pagerduty', 'incidents'), [
        ('incident_number', 'incident_number', 'integer'),
        ('service.id', 'service_id', 'id'),
        ('service.summary', 'service_name', 'text'),
        ('status', 'status', 'text'),
        ('urgency', 'urgency', 'text'),
        ('priority.summary', 'priority', 'text'),
        ('resolve_reason.type', 'resolve_reason', 'text'),
        ('created_at', 'created_at', 'timestamp'),
        ('updated_at', 'updated_at', 'timestamp'),
        ('resolved_at', 'resolved_at', 'timestamp'),
        ('last_status_change_at', 'status_changed_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as incident_id,
    incident_number,
    service_id,
    service_name,
    lower(urgency) as urgency,
    priority,
    coalesce(resolve_reason = 'merge_resolve_reason', false) as is_merged,
    created_at,
    {{ if_before_as_of("case when status = 'resolved' then coalesce(resolved_at, status_changed_at) end") }} as resolved_at
from incidents
where
    not is_deleted
    and created_at < {{ as_of_at() }}
