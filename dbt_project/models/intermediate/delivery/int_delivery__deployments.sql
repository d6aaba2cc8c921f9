-- Grain: one row a deployment to an environment, of any code host, created before as_of. It is successful once it has
-- reported success, whatever was reported after (a later deployment makes it inactive). `committed_at`: when the
-- deployed commit came to be: the merge of its pull request, else what a workflow run says of it, else, for want of
-- anything better, the creation of the deployment. `is_history_whole`: a production deployment of its repository succeeded
-- before it, so that what it brought is known; what the first one on record brought, nobody can tell. Its team is the one
-- that owned the repository on the day of its first success, else of its creation.
with deployments as (
    select
        'github' as source,
        deployments.deployment_id as original_id,
        'github:deployment:' || deployments.deployment_id as deployment_id,
        coalesce(names.repository, deployments.repository) as repository,
        deployments.environment_original,
        deployments.commit_sha,
        deployments.created_at
    from {{ ref('stg_github__deployments') }} as deployments
    left join {{ ref('int_delivery__repository_names') }} as names
        on deployments.repository = names.name
),

statuses as (
    select
        deployment_id,
        deployment_state,
        created_at,
        row_number() over (
            partition by deployment_id
            order by
                created_at desc,
                -- Within a second, what comes later on the way of a deployment.
                case
                    when deployment_state in ('queued', 'pending', 'waiting') then 1
                    when deployment_state = 'in_progress' then 2
                    when deployment_state = 'inactive' then 4
                    else 3
                end desc,
                status_id desc
        ) as newest_rank
    from {{ ref('stg_github__deployment_statuses') }}
),

outcomes as (
    select
        deployment_id,
        min(case when deployment_state = 'success' then created_at end) as first_success_at,
        min(case when newest_rank = 1 then deployment_state end) as last_state
    from statuses
    group by deployment_id
),

merged_commits as (
    select
        repository,
        merge_commit_sha as commit_sha,
        min(merged_at) as merged_at
    from {{ ref('int_delivery__pull_requests') }}
    where merge_commit_sha is not null
    group by repository, merge_commit_sha
),

run_commits as (
    select
        coalesce(names.repository, runs.repository) as repository,
        runs.commit_sha,
        min(runs.committed_at) as committed_at
    from {{ ref('stg_github__workflow_runs') }} as runs
    left join {{ ref('int_delivery__repository_names') }} as names
        on runs.repository = names.name
    group by coalesce(names.repository, runs.repository), runs.commit_sha
),

production_names as (
    select name
    from {{ ref('stg_registry__delivery_rules') }}
    where rule_id = 'production_environments'
),

joined as (
    select
        deployments.source,
        deployments.deployment_id,
        deployments.repository,
        coalesce(owners.team_id, '(unknown)') as team_id,
        deployments.environment_original,
        outcomes.last_state,
        production_names.name is not null as is_production,
        outcomes.first_success_at is not null as is_successful,
        coalesce(merged_commits.merged_at, run_commits.committed_at) is not null as is_commit_known,
        coalesce(merged_commits.merged_at, run_commits.committed_at, deployments.created_at) as committed_at,
        deployments.created_at,
        outcomes.first_success_at
    from deployments
    left join outcomes
        on deployments.original_id = outcomes.deployment_id
    left join merged_commits
        on
            deployments.repository = merged_commits.repository
            and deployments.commit_sha = merged_commits.commit_sha
    left join run_commits
        on
            deployments.repository = run_commits.repository
            and deployments.commit_sha = run_commits.commit_sha
    left join production_names
        on lower(trim(deployments.environment_original)) = production_names.name
    left join {{ ref('int_delivery__repository_teams') }} as owners
        on
            deployments.repository = owners.repository
            and {{ reporting_date('coalesce(outcomes.first_success_at, deployments.created_at)') }}
            between owners.owned_from and owners.owned_to
),

beginnings as (
    select
        repository,
        min(first_success_at) as first_success_at
    from joined
    where
        is_production
        and is_successful
    group by repository
)

select
    joined.source,
    joined.deployment_id,
    joined.repository,
    joined.team_id,
    joined.environment_original,
    joined.last_state,
    joined.is_production,
    joined.is_successful,
    joined.is_commit_known,
    coalesce(
        coalesce(joined.first_success_at, joined.created_at) > beginnings.first_success_at, false
    ) as is_history_whole,
    joined.committed_at,
    joined.created_at,
    joined.first_success_at
from joined
left join beginnings
    on joined.repository = beginnings.repository
