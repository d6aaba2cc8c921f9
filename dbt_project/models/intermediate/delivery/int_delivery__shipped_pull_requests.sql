-- Grain: one row a pull request that was merged into the main branch and is in production: with the first successful
-- production deployment of its repository whose commit is not older than its merge. A rollback, whose commit is older
-- than what ran before, brings nothing new. What was merged before the first deployment on record may have been in
-- production long before: nobody can tell, and it is not here.
with successes as (
    select
        deployment_id,
        repository,
        committed_at,
        first_success_at,
        max(committed_at) over (
            partition by repository
            order by first_success_at asc, deployment_id asc
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from {{ ref('int_delivery__deployments') }}
    where
        is_production
        and is_successful
        -- What succeeded before its commit was written has a wrong clock, and would be the first to bring everything.
        and committed_at <= first_success_at
),

advances as (
    select
        deployment_id,
        repository,
        committed_at,
        first_success_at,
        reached_before
    from successes
    where committed_at > reached_before
)

select
    pull_requests.pull_request_id,
    advances.deployment_id,
    advances.first_success_at as deployed_at
from {{ ref('int_delivery__pull_requests') }} as pull_requests
inner join advances
    on
        pull_requests.repository = advances.repository
        and pull_requests.merged_at <= advances.committed_at
        and pull_requests.merged_at > advances.reached_before
        and pull_requests.merged_at <= advances.first_success_at
where pull_requests.is_to_main_branch
