-- Grain: one row an incident created before as_of, of the code host or the on-call tool; what both have is one.
select
    incident_id,
    source,
    service_id,
    service_name,
    repository,
    team_id,
    deployment_id,
    urgency,
    priority,
    is_failure,
    escalation_count,
    case
        when acknowledged_at >= created_at then {{ seconds_between('created_at', 'acknowledged_at') }}
    end as acknowledge_seconds,
    case when closed_at >= created_at then {{ seconds_between('created_at', 'closed_at') }} end as resolve_seconds,
    recovery_seconds,
    {{ reporting_date('created_at') }} as started_date,
    closed_date as resolved_date,
    created_at as started_at,
    acknowledged_at,
    closed_at as resolved_at
from {{ ref('int_delivery__incidents') }}
