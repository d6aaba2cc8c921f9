-- Grain: one row a pull request of any code host that was opened before as_of, with what its commits and reviews say:
-- the first commit by its author's clock, and the first review by somebody else than its author who is no bot.
-- A pull request whose oldest commit is of after its merge, of years before its opening, or of no readable time was
-- committed by a wrong clock: its first commit is unknown.
-- Its team is the one that owned the repository on the day it was merged or closed; of an open one, that of now.
-- Its issue is the first of the keys in title and branch (the title's first) that an issue of the tracker has or had.
with pull_requests as (
    select
        'github' as source,
        'github:pull_request:' || pull_requests.pull_request_id as pull_request_id,
        pull_requests.pull_request_id as original_id,
        coalesce(names.repository, pull_requests.repository) as repository,
        pull_requests.pull_number,
        pull_requests.author_hash,
        pull_requests.merge_commit_sha,
        pull_requests.is_bot_author,
        pull_requests.is_draft,
        coalesce(pull_requests.base_branch = names.default_branch, false) as is_to_main_branch,
        pull_requests.opened_at,
        pull_requests.merged_at,
        pull_requests.closed_at
    from {{ ref('stg_github__pull_requests') }} as pull_requests
    left join {{ ref('int_delivery__repository_names') }} as names
        on pull_requests.repository = names.name
),

first_commits as (
    select
        pull_request_id,
        case when count(authored_at) = count(*) then min(authored_at) end as first_commit_at,
        count(*) as commit_count
    from {{ ref('stg_github__pull_request_commits') }}
    group by pull_request_id
),

first_reviews as (
    select
        pull_requests.repository,
        pull_requests.pull_number,
        min(reviews.submitted_at) as first_review_at
    from {{ ref('stg_github__reviews') }} as reviews
    left join {{ ref('int_delivery__repository_names') }} as names
        on reviews.repository = names.name
    inner join pull_requests
        on
            coalesce(names.repository, reviews.repository) = pull_requests.repository
            and reviews.pull_number = pull_requests.pull_number
    where
        not reviews.is_bot_reviewer
        and reviews.review_state <> 'pending'
        and (reviews.reviewer_hash is null or reviews.reviewer_hash <> coalesce(pull_requests.author_hash, ''))
    group by pull_requests.repository, pull_requests.pull_number
),

clocks as (
    select
        pull_requests.original_id,
        first_commits.commit_count,
        first_commits.first_commit_at,
        first_commits.commit_count is not null
        and coalesce(
            first_commits.first_commit_at > pull_requests.merged_at
            or first_commits.first_commit_at
            < {{ add_time('day', -var('oldest_commit_days'), 'pull_requests.opened_at') }},
            first_commits.first_commit_at is null
        ) as is_commit_clock_wrong
    from pull_requests
    left join first_commits
        on pull_requests.original_id = first_commits.pull_request_id
),

named_issues as (
    select
        issue_keys.pull_request_id,
        issues.issue_id,
        issues.issue_key,
        issues.feature_id,
        issues.product_id,
        row_number() over (partition by issue_keys.pull_request_id order by issue_keys.place asc) as issue_rank
    from {{ ref('stg_github__pull_request_issue_keys') }} as issue_keys
    inner join {{ ref('int_delivery__issue_keys') }} as known_keys
        on upper(issue_keys.issue_key) = known_keys.issue_key
    inner join {{ ref('int_delivery__issues') }} as issues
        on known_keys.issue_id = issues.issue_id
)

select
    pull_requests.source,
    pull_requests.pull_request_id,
    pull_requests.repository,
    pull_requests.pull_number,
    coalesce(owners.team_id, '(unknown)') as team_id,
    named_issues.issue_id,
    named_issues.issue_key,
    coalesce(named_issues.feature_id, '(unmapped)') as feature_id,
    coalesce(named_issues.product_id, '(unmapped)') as product_id,
    pull_requests.author_hash,
    pull_requests.merge_commit_sha,
    cast(coalesce(clocks.commit_count, 0) as bigint) as commit_count,
    pull_requests.is_bot_author,
    pull_requests.is_draft,
    pull_requests.is_to_main_branch,
    clocks.is_commit_clock_wrong,
    case when not clocks.is_commit_clock_wrong then clocks.first_commit_at end as first_commit_at,
    pull_requests.opened_at,
    first_reviews.first_review_at,
    pull_requests.merged_at,
    pull_requests.closed_at
from pull_requests
inner join clocks
    on pull_requests.original_id = clocks.original_id
left join first_reviews
    on
        pull_requests.repository = first_reviews.repository
        and pull_requests.pull_number = first_reviews.pull_number
left join named_issues
    on
        pull_requests.original_id = named_issues.pull_request_id
        and named_issues.issue_rank = 1
left join {{ ref('int_delivery__repository_teams') }} as owners
    on
        pull_requests.repository = owners.repository
        and coalesce(
            {{ reporting_date('coalesce(pull_requests.merged_at, pull_requests.closed_at)') }},
            {{ add_days(as_of_date(), -1) }}
        ) between owners.owned_from and owners.owned_to
