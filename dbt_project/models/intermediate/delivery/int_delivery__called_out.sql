-- Grain: one row an incident of an on-call tool, those merged into another apart. Its repository is the one that the registry names
-- for its service, else the one that is called like it (case, and spaces for hyphens, do not count): null, where none or several are.
with changes as (
    select
        incident_id,
        min(case when change = 'acknowledge' then created_at end) as acknowledged_at,
        cast(sum(case when change = 'escalate' then 1 else 0 end) as bigint) as escalation_count
    from {{ ref('stg_pagerduty__log_entries') }}
    group by incident_id
),

repositories as (
    select
        {{ unqualified('name') }} as name,
        min(repository) as repository
    from {{ ref('int_delivery__repository_names') }}
    group by {{ unqualified('name') }}
    having count(distinct repository) = 1
),

declared as (
    select
        services.service_name,
        coalesce(names.repository, services.repository) as repository
    from {{ ref('stg_registry__services') }} as services
    left join {{ ref('int_delivery__repository_names') }} as names
        on services.repository = names.name
)

select
    'pagerduty' as source,
    'pagerduty:incident:' || incidents.incident_id as incident_id,
    incidents.incident_id as original_id,
    'pagerduty:service:' || incidents.service_id as service_id,
    coalesce(services.service_name, incidents.service_name) as service_name,
    coalesce(declared.repository, repositories.repository) as repository,
    incidents.urgency,
    incidents.priority,
    coalesce(incidents.urgency <> 'low', true) as is_failure,
    coalesce(changes.escalation_count, 0) as escalation_count,
    incidents.created_at,
    changes.acknowledged_at,
    incidents.resolved_at
from {{ ref('stg_pagerduty__incidents') }} as incidents
left join {{ ref('stg_pagerduty__services') }} as services
    on incidents.service_id = services.service_id
left join changes
    on incidents.incident_id = changes.incident_id
left join declared
    on lower(trim(coalesce(services.service_name, incidents.service_name))) = declared.service_name
left join repositories
    on replace(lower(trim(coalesce(services.service_name, incidents.service_name))), ' ', '-') = repositories.name
where not incidents.is_merged
