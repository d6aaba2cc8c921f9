-- Grain: one row a deployment to an environment, of any code host, created before as_of. It is successful once it has
-- reported success, whatever was reported after (a later deployment makes it inactive). `committed_at`: when the
-- deployed commit came to be: the merge of its pull request, else what a workflow run says of it, else, for want of
-- anything better, the creation of the deployment.
with deployments as (
    select
        'github' as source,
        deployment_id as original_id,
        'github:deployment:' || deployment_id as deployment_id,
        repository,
        environment_original,
        commit_sha,
        created_at
    from {{ ref('stg_github__deployments') }}
),

statuses as (
    select
        deployment_id,
        deployment_state,
        created_at,
        row_number() over (partition by deployment_id order by created_at desc, status_id desc) as newest_rank
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
        repository,
        commit_sha,
        min(committed_at) as committed_at
    from {{ ref('stg_github__workflow_runs') }}
    group by repository, commit_sha
),

production_names as (
    select name
    from {{ ref('stg_registry__delivery_rules') }}
    where rule_id = 'production_environments'
)

select
    deployments.source,
    deployments.deployment_id,
    deployments.repository,
    coalesce(team_repositories.team_id, '(unknown)') as team_id,
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
left join {{ ref('stg_registry__team_repositories') }} as team_repositories
    on deployments.repository = team_repositories.repository
