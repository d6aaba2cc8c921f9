-- Grain: one row an incident, of any source, created before as_of, and the deployment that is behind it: the last
-- successful one to production before it, of its repository; of all repositories, where its own never went to
-- production. An issue of the code host is an incident by its label; one that names an incident of the on-call tool is that
-- one, which knows better when it was over. `recovery_seconds`: from that deployment's first success until the incident was
-- closed; null while it is open, without a deployment, and when it was closed before it was reported (it was moved here, or
-- a clock was wrong). What is no failure (low urgency) has no deployment behind it.
with incident_ids as (
    select distinct labels.issue_id
    from {{ ref('stg_github__issue_labels') }} as labels
    inner join {{ ref('stg_registry__delivery_rules') }} as rules
        on
            labels.label = rules.name
            and rules.rule_id = 'incident_labels'
),

paged_issues as (
    select distinct pages.issue_id
    from {{ ref('stg_github__issue_pages') }} as pages
    inner join {{ ref('stg_pagerduty__incidents') }} as incidents
        on pages.page_id = {{ unqualified('incidents.incident_id') }}
),

incidents as (
    select
        'github' as source,
        'github:issue:' || issues.issue_id as incident_id,
        cast(null as {{ dbt.type_string() }}) as service_id,
        cast(null as {{ dbt.type_string() }}) as service_name,
        coalesce(names.repository, issues.repository) as repository,
        cast(null as {{ dbt.type_string() }}) as urgency,
        cast(null as {{ dbt.type_string() }}) as priority,
        true as is_failure,
        cast(null as bigint) as escalation_count,
        issues.created_at,
        cast(null as timestamp) as acknowledged_at,
        issues.closed_at
    from {{ ref('stg_github__issues') }} as issues
    left join {{ ref('int_delivery__repository_names') }} as names
        on issues.repository = names.name
    inner join incident_ids
        on issues.issue_id = incident_ids.issue_id
    left join paged_issues
        on issues.issue_id = paged_issues.issue_id
    where paged_issues.issue_id is null
    union all
    select
        source,
        incident_id,
        service_id,
        service_name,
        repository,
        urgency,
        priority,
        is_failure,
        escalation_count,
        created_at,
        acknowledged_at,
        resolved_at as closed_at
    from {{ ref('int_delivery__called_out') }}
),

successes as (
    select
        deployment_id,
        repository,
        team_id,
        first_success_at,
        lead(first_success_at) over (
            partition by repository
            order by first_success_at asc, deployment_id asc
        ) as next_of_repository_at,
        lead(first_success_at) over (order by first_success_at asc, deployment_id asc) as next_of_all_at
    from {{ ref('int_delivery__deployments') }}
    where
        is_production
        and is_successful
),

deployed_repositories as (
    select distinct repository
    from successes
)

select
    incidents.source,
    incidents.incident_id,
    incidents.service_id,
    incidents.service_name,
    incidents.repository,
    incidents.urgency,
    incidents.priority,
    incidents.is_failure,
    incidents.escalation_count,
    coalesce(own.deployment_id, every.deployment_id) as deployment_id,
    coalesce(own.team_id, every.team_id, '(unknown)') as team_id,
    case
        when incidents.closed_at >= incidents.created_at
            then {{ seconds_between('coalesce(own.first_success_at, every.first_success_at)', 'incidents.closed_at') }}
    end as recovery_seconds,
    {{ reporting_date('incidents.closed_at') }} as closed_date,
    incidents.created_at,
    incidents.acknowledged_at,
    incidents.closed_at
from incidents
left join deployed_repositories
    on incidents.repository = deployed_repositories.repository
left join successes as own
    on
        incidents.repository = own.repository
        and incidents.is_failure
        and incidents.created_at >= own.first_success_at
        and (own.next_of_repository_at is null or incidents.created_at < own.next_of_repository_at)
left join successes as every
    on
        deployed_repositories.repository is null
        and incidents.is_failure
        and incidents.created_at >= every.first_success_at
        and (every.next_of_all_at is null or incidents.created_at < every.next_of_all_at)
