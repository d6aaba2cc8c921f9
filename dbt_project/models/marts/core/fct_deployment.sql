-- Grain: one row a deployment to an environment, created before as_of. Counted are those to production that succeeded,
-- in the week of their first success. `pull_request_count`: what it brought to production for the first time.
with contents as (
    select
        deployment_id,
        count(*) as pull_request_count
    from {{ ref('int_delivery__shipped_pull_requests') }}
    group by deployment_id
),

incidents as (
    select
        deployment_id,
        count(*) as incident_count
    from {{ ref('int_delivery__incidents') }}
    where deployment_id is not null
    group by deployment_id
)

select
    deployments.deployment_id,
    deployments.source,
    deployments.repository,
    deployments.team_id,
    deployments.environment_original,
    deployments.last_state,
    case
        when deployments.is_history_whole or not (deployments.is_production and deployments.is_successful)
            then cast(coalesce(contents.pull_request_count, 0) as bigint)
    end as pull_request_count,
    cast(coalesce(incidents.incident_count, 0) as bigint) as incident_count,
    deployments.is_production,
    deployments.is_successful,
    deployments.is_production and deployments.is_successful as is_counted,
    incidents.deployment_id is not null as has_incident,
    deployments.is_commit_known,
    deployments.is_history_whole,
    {{ reporting_date('deployments.created_at') }} as created_date,
    {{ reporting_date('deployments.first_success_at') }} as deployed_date,
    deployments.committed_at,
    deployments.created_at,
    deployments.first_success_at
from {{ ref('int_delivery__deployments') }} as deployments
left join contents
    on deployments.deployment_id = contents.deployment_id
left join incidents
    on deployments.deployment_id = incidents.deployment_id
