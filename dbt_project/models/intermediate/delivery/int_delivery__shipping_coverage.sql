-- Grain: one row a check of the code host's data: how many of how many are as its name says.
with pull_requests as (
    select
        count(*) as pull_request_count,
        sum(case when issue_id is null and not is_bot_author then 1 else 0 end) as keyless_count,
        sum(case when is_bot_author then 0 else 1 end) as human_count,
        sum(case when merged_at is not null and is_to_main_branch then 1 else 0 end) as merged_count,
        sum(case when merged_at is not null and not is_to_main_branch then 1 else 0 end) as aside_count,
        sum(case when merged_at is not null then 1 else 0 end) as all_merged_count
    from {{ ref('int_delivery__pull_requests') }}
),

shipped as (
    select
        count(*) as shipped_count,
        sum(case when change_lead_time_seconds is null then 1 else 0 end) as timeless_count
    from {{ ref('int_delivery__pull_request_times') }}
    where deployed_at is not null
),

deployments as (
    select
        count(*) as deployment_count,
        sum(case when last_state is null then 1 else 0 end) as silent_count,
        sum(case when is_commit_known then 0 else 1 end) as unknown_commit_count
    from {{ ref('int_delivery__deployments') }}
),

repositories as (
    select
        count(*) as repository_count,
        sum(case when team_repositories.team_id is null then 1 else 0 end) as ownerless_count
    from (select distinct repository from {{ ref('stg_github__repositories') }}) as known
    left join {{ ref('stg_registry__team_repositories') }} as team_repositories
        on known.repository = team_repositories.repository
),

incidents as (
    select
        count(*) as incident_count,
        sum(case when deployment_id is null then 1 else 0 end) as causeless_count
    from {{ ref('int_delivery__incidents') }}
)

select
    'pull_requests' as subject,
    'github' as source,
    'pull_requests_without_issue' as check_name,
    cast(coalesce(keyless_count, 0) as bigint) as counted,
    cast(coalesce(human_count, 0) as bigint) as total,
    {{ text_literal("Pull requests, bots' apart, whose title and branch name no issue that the tracker knows: no feature is theirs.") }}
        as explanation
from pull_requests
union all
select
    'pull_requests' as subject,
    'github' as source,
    'merged_pull_requests_never_deployed' as check_name,
    cast(coalesce(pull_requests.merged_count, 0) - shipped.shipped_count as bigint) as counted,
    cast(coalesce(pull_requests.merged_count, 0) as bigint) as total,
    'Pull requests merged into the main branch that no successful production deployment contains yet.' as explanation
from pull_requests
cross join shipped
union all
select
    'pull_requests' as subject,
    'github' as source,
    'pull_requests_merged_elsewhere' as check_name,
    cast(coalesce(aside_count, 0) as bigint) as counted,
    cast(coalesce(all_merged_count, 0) as bigint) as total,
    'Pull requests merged into another branch than the main one: they have no deployment of their own.' as explanation
from pull_requests
union all
select
    'pull_requests' as subject,
    'github' as source,
    'deployed_pull_requests_without_lead_time' as check_name,
    cast(coalesce(timeless_count, 0) as bigint) as counted,
    cast(shipped_count as bigint) as total,
    'Pull requests in production whose first commit is unknown or was written, by its clock, after the deployment.'
        as explanation
from shipped
union all
select
    'deployments' as subject,
    'github' as source,
    'deployments_without_status' as check_name,
    cast(coalesce(silent_count, 0) as bigint) as counted,
    cast(deployment_count as bigint) as total,
    'Deployments that reported nothing: they count as not successful.' as explanation
from deployments
union all
select
    'deployments' as subject,
    'github' as source,
    'deployments_with_unknown_commit' as check_name,
    cast(coalesce(unknown_commit_count, 0) as bigint) as counted,
    cast(deployment_count as bigint) as total,
    'Deployments of a commit that no pull request and no workflow run tells of: taken for as new as the deployment.'
        as explanation
from deployments
union all
select
    'repositories' as subject,
    'github' as source,
    'repositories_without_team' as check_name,
    cast(coalesce(ownerless_count, 0) as bigint) as counted,
    cast(repository_count as bigint) as total,
    'Repositories that no team of the registry owns: what happens there counts for no team.' as explanation
from repositories
union all
select
    'incidents' as subject,
    'github' as source,
    'incidents_without_deployment' as check_name,
    cast(coalesce(causeless_count, 0) as bigint) as counted,
    cast(incident_count as bigint) as total,
    'Incidents before the first deployment to production: no deployment failed.' as explanation
from incidents
