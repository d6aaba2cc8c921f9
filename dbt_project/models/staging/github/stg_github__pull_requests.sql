-- Grain: one row a pull request that was opened by as_of. What happened to it since has not happened. Title, text and
-- the names of people stay behind; the issues that title and branch name are in stg_github__pull_request_issue_keys.
with pull_requests as (
    {{ stage_as_of(raw('github', 'pull_requests'), [
        ('url', 'address', 'text'),
        ('number', 'pull_number', 'integer'),
        ('draft', 'is_draft', 'boolean'),
        ('user.id', 'author_id', 'text'),
        ('user.type', 'author_type', 'text'),
        ('base.ref', 'base_branch', 'text'),
        ('merge_commit_sha', 'merge_commit_sha', 'text'),
        ('created_at', 'opened_at', 'timestamp'),
        ('updated_at', 'updated_at', 'timestamp'),
        ('merged_at', 'merged_at', 'timestamp'),
        ('closed_at', 'closed_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as pull_request_id,
    {{ github_repository('address') }} as repository,
    pull_number,
    {{ pseudonym('author_id') }} as author_hash,
    base_branch,
    -- Until it is merged, it is the commit of a trial.
    case when merged_at < {{ as_of_at() }} then merge_commit_sha end as merge_commit_sha,
    coalesce(lower(author_type) = 'bot', false) as is_bot_author,
    coalesce(is_draft, false) as is_draft,
    opened_at,
    {{ if_before_as_of('merged_at') }} as merged_at,
    {{ if_before_as_of('closed_at') }} as closed_at
from pull_requests
where opened_at < {{ as_of_at() }}
