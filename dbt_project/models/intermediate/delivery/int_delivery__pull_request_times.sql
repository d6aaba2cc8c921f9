-- Grain: one row a pull request opened before as_of, and how long each part of its way took. Durations whose end lies
-- before their beginning (a wrong clock wrote the commit) are null. `is_history_whole`: it was not merged before the
-- deployments of its repository are on record; whether and when such a one shipped is unknown.
with beginnings as (
    select
        repository,
        min(committed_at) as first_committed_at
    from {{ ref('int_delivery__deployments') }}
    where
        is_production
        and is_successful
        and not is_history_whole
    group by repository
),

moments as (
    select
        pull_requests.pull_request_id,
        pull_requests.team_id,
        shipped.deployment_id,
        coalesce(pull_requests.merged_at > beginnings.first_committed_at, true) as is_history_whole,
        pull_requests.first_commit_at,
        pull_requests.opened_at,
        pull_requests.first_review_at,
        pull_requests.merged_at,
        shipped.deployed_at
    from {{ ref('int_delivery__pull_requests') }} as pull_requests
    left join {{ ref('int_delivery__shipped_pull_requests') }} as shipped
        on pull_requests.pull_request_id = shipped.pull_request_id
    left join beginnings
        on pull_requests.repository = beginnings.repository
)

select
    pull_request_id,
    team_id,
    deployment_id,
    is_history_whole,
    {% for start, end, name in [
        ('first_commit_at', 'opened_at', 'coding_seconds'),
        ('opened_at', 'first_review_at', 'first_review_seconds'),
        ('opened_at', 'merged_at', 'review_seconds'),
        ('first_review_at', 'merged_at', 'merge_seconds'),
        ('merged_at', 'deployed_at', 'deploy_seconds'),
        ('first_commit_at', 'deployed_at', 'change_lead_time_seconds')
    ] -%}
    case
        when {{ seconds_between(start, end) }} >= 0 then {{ seconds_between(start, end) }}
    end as {{ name }},
    {% endfor -%}
    {{ reporting_date('deployed_at') }} as deployed_date,
    deployed_at
from moments
