-- Grain: one row a review submitted by as_of; answering in a pull request is a review of one's own.
with reviews as (
    {{ stage_as_of(raw('github', 'reviews'), [
        ('pull_request_url', 'address', 'text'),
        ('user.id', 'reviewer_id', 'text'),
        ('user.type', 'reviewer_type', 'text'),
        ('state', 'review_state', 'text'),
        ('submitted_at', 'submitted_at', 'timestamp'),
    ]) }}
)

select
    record_id as review_id,
    {{ github_repository('address') }} as repository,
    {{ try_cast(github_address_part('address', 4), 'bigint') }} as pull_number,
    {{ pseudonym('reviewer_id') }} as reviewer_hash,
    lower(review_state) as review_state,
    coalesce(lower(reviewer_type) = 'bot', false) as is_bot_reviewer,
    submitted_at
from reviews
where
    not is_deleted
    and submitted_at < {{ as_of_at() }}
