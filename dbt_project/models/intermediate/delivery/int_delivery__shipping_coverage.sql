-- Grain: one row a check of the code host's data: how many of how many are as its name says.
with pull_requests as (
    select
        pull_requests.issue_id,
        pull_requests.is_bot_author,
        pull_requests.is_to_main_branch,
        pull_requests.merged_at,
        times.change_lead_time_seconds,
        times.deployed_at
    from {{ ref('int_delivery__pull_requests') }} as pull_requests
    left join {{ ref('int_delivery__pull_request_times') }} as times
        on pull_requests.pull_request_id = times.pull_request_id
),

repositories as (
    select
        known.repository,
        team_repositories.team_id
    from (select distinct repository from {{ ref('stg_github__repositories') }}) as known
    left join {{ ref('stg_registry__team_repositories') }} as team_repositories
        on known.repository = team_repositories.repository
)

{{ coverage_rows('pull_requests', 'pull_requests', source="'github'", checks=[
    ('pull_requests_without_issue', 'issue_id is null', 'not coalesce(is_bot_author, false)',
     "Pull requests, bots' apart, whose title and branch name no issue that the tracker knows: no feature is theirs."),
    ('merged_pull_requests_never_deployed', 'deployed_at is null', 'merged_at is not null and is_to_main_branch',
     'Pull requests merged into the main branch that no successful production deployment contains yet.'),
    ('pull_requests_merged_elsewhere', 'not is_to_main_branch', 'merged_at is not null',
     'Pull requests merged into another branch than the main one: they have no deployment of their own.'),
    ('deployed_pull_requests_without_lead_time', 'change_lead_time_seconds is null', 'deployed_at is not null',
     'Pull requests in production whose first commit is unknown or was written, by its clock, after the deployment.'),
]) }}
union all
{{ coverage_rows(ref('int_delivery__deployments'), 'deployments', source="'github'", checks=[
    ('deployments_without_status', 'last_state is null', 'true',
     'Deployments that reported nothing: they count as not successful.'),
    ('deployments_with_unknown_commit', 'not coalesce(is_commit_known, false)', 'true',
     'Deployments of a commit that no pull request and no workflow run tells of: taken for as new as the deployment.'),
]) }}
union all
{{ coverage_rows('repositories', 'repositories', source="'github'", checks=[
    ('repositories_without_team', 'team_id is null', 'true',
     'Repositories that no team of the registry owns: what happens there counts for no team.'),
]) }}
union all
{{ coverage_rows(ref('int_delivery__incidents'), 'incidents', source="'github'", checks=[
    ('incidents_without_deployment', 'deployment_id is null', 'true',
     'Incidents before the first deployment to production: no deployment failed.'),
]) }}
