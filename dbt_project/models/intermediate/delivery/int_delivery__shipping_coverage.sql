-- Grain: one row a check of the code host's data: how many of how many are as its name says.
with pull_requests as (
    select
        pull_requests.issue_id,
        pull_requests.is_bot_author,
        pull_requests.is_to_main_branch,
        pull_requests.merged_at,
        pull_requests.commit_count,
        pull_requests.is_commit_clock_wrong,
        times.is_history_whole,
        times.change_lead_time_seconds,
        times.deployed_at
    from {{ ref('int_delivery__pull_requests') }} as pull_requests
    left join {{ ref('int_delivery__pull_request_times') }} as times
        on pull_requests.pull_request_id = times.pull_request_id
),

repositories as (
    select
        repositories.repository,
        coalesce(owners.team_id, '(unknown)') as team_id
    from {{ ref('stg_github__repositories') }} as repositories
    left join {{ ref('int_delivery__repository_teams') }} as owners
        on
            repositories.repository = owners.repository
            and {{ add_days(as_of_date(), -1) }} between owners.owned_from and owners.owned_to
)

{{ coverage_rows('pull_requests', 'pull_requests', source="'github'", checks=[
    ('pull_requests_without_issue', 'issue_id is null', 'not coalesce(is_bot_author, false)',
     "Pull requests, bots' apart, whose title and branch name no issue that the tracker knows: no feature is theirs."),
    ('merged_pull_requests_never_deployed', 'deployed_at is null', 'merged_at is not null and is_to_main_branch and is_history_whole',
     'Pull requests merged into the main branch that no successful production deployment contains yet.'),
    ('pull_requests_merged_before_the_first_deployment', 'not is_history_whole', 'merged_at is not null and is_to_main_branch',
     'Pull requests merged before the first production deployment on record of their repository: when they shipped is unknown.'),
    ('pull_requests_with_wrong_commit_clock', 'is_commit_clock_wrong', 'commit_count > 0',
     'Pull requests whose oldest commit is, by its clock, of after the merge or of years before the opening, or has no readable time: their first commit is unknown.'),
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
    ('repositories_without_team', "team_id = '(unknown)'", 'true',
     'Repositories that no team of the registry owns: what happens there counts for no team.'),
]) }}
union all
{{ coverage_rows(ref('int_delivery__incidents'), 'incidents', checks=[
    ('incidents_without_deployment', 'deployment_id is null', 'is_failure',
     'Incidents before the first deployment to production: no deployment failed.'),
    ('incidents_closed_before_they_were_reported', 'closed_at < created_at', 'closed_at is not null',
     'Incidents whose closing lies before their creation (moved from another repository, or a wrong clock): in no recovery time.'),
    ('incidents_of_no_repository', 'repository is null', 'is_failure',
     'Incidents whose service no repository is called like: laid to the last deployment of all.'),
    ('incidents_of_low_urgency', 'not is_failure', 'true',
     'Incidents that woke nobody: no failure of what runs, and behind no deployment.'),
]) }}
