-- Grain: one row an event of a clock that a ticket's metric has, before as_of; a breach that does not hold any more is left
-- out. An event that names no ticket, clock or readable time stays, for the count of what was set aside.
with events as (
    {{ stage_as_of(raw('zendesk', 'ticket_metric_events'), [
        ('ticket_id', 'ticket_id', 'id'),
        ('metric', 'metric', 'text'),
        ('instance_id', 'instance_number', 'integer'),
        ('type', 'event_type', 'text'),
        ('time', 'occurred_at', 'timestamp'),
        ('deleted', 'is_withdrawn', 'boolean'),
        ('sla.target', 'target_minutes', 'double'),
        ('sla.target_in_seconds', 'target_in_seconds', 'double'),
        ('sla.business_hours', 'is_in_business_hours', 'boolean'),
        ('sla.policy.id', 'policy_id', 'id'),
        ('sla.policy.title', 'policy_name', 'text'),
    ]) }}
)

select
    record_id as event_id,
    ticket_id,
    metric,
    instance_number,
    lower(event_type) as event_type,
    case
        when coalesce(target_in_seconds, 60 * target_minutes) between 1 and {{ 86400 * var('longest_ticket_days') }}
            then cast(coalesce(target_in_seconds, 60 * target_minutes) as bigint)
    end as target_seconds,
    is_in_business_hours,
    policy_id,
    policy_name,
    occurred_at
from events
where
    not is_deleted
    and not coalesce(is_withdrawn, false)
    and (occurred_at is null or occurred_at < {{ as_of_at() }})
