-- Grain: one row a pull request opened before as_of, in its state of as_of. Durations whose end lies before their
-- beginning (a wrong clock wrote the commit) are null. It is in production with the first successful production
-- deployment of its repository whose commit is not older than its merge; only what was merged into the main branch is; of
-- what was merged before the first deployment on record it is unknown.
select
    pull_requests.pull_request_id,
    pull_requests.source,
    pull_requests.repository,
    pull_requests.pull_number,
    pull_requests.team_id,
    pull_requests.issue_id,
    pull_requests.feature_id,
    pull_requests.product_id,
    pull_requests.author_hash,
    times.deployment_id,
    pull_requests.commit_count,
    times.coding_seconds,
    times.first_review_seconds,
    times.review_seconds,
    times.merge_seconds,
    times.deploy_seconds,
    times.change_lead_time_seconds,
    pull_requests.merged_at is not null as is_merged,
    pull_requests.merged_at is null and pull_requests.closed_at is not null as is_abandoned,
    case when times.is_history_whole then times.deployed_at is not null end as is_deployed,
    times.is_history_whole,
    pull_requests.first_review_at is not null as is_reviewed,
    pull_requests.is_to_main_branch,
    pull_requests.is_bot_author,
    pull_requests.is_draft,
    {{ reporting_date('pull_requests.opened_at') }} as opened_date,
    {{ reporting_date('pull_requests.merged_at') }} as merged_date,
    times.deployed_date,
    pull_requests.first_commit_at,
    pull_requests.opened_at,
    pull_requests.first_review_at,
    pull_requests.merged_at,
    pull_requests.closed_at,
    times.deployed_at
from {{ ref('int_delivery__pull_requests') }} as pull_requests
inner join {{ ref('int_delivery__pull_request_times') }} as times
    on pull_requests.pull_request_id = times.pull_request_id
