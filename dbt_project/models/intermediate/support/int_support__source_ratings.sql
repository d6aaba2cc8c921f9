-- Grain: one row a rating that was offered by as_of, with what was given by then: `score` is good or bad, null while it
-- is only offered. Of five stars four and five are good.
with ratings as (
    select
        'zendesk' as source,
        'zendesk:ticket:' || ticket_id as ticket_id,
        'zendesk:rating:' || rating_id as rating_id,
        {{ zendesk_rating('score') }} as score,
        has_comment,
        created_at as offered_at,
        updated_at as rated_at
    from {{ ref('stg_zendesk__satisfaction_ratings') }}
    where
        score <> 'unoffered'
        and created_at is not null
    union all
    select
        'intercom' as source,
        'intercom:conversation:' || conversation_id as ticket_id,
        'intercom:rating:' || conversation_id as rating_id,
        case when rating >= 4 then 'good' when rating >= 1 then 'bad' end as score,
        has_comment,
        requested_at as offered_at,
        rated_at
    from {{ ref('stg_intercom__conversation_ratings') }}
)

select
    source,
    rating_id,
    ticket_id,
    case when rated_at < {{ as_of_at() }} then score end as score,
    has_comment,
    offered_at,
    case when rated_at < {{ as_of_at() }} and score is not null then rated_at end as rated_at
from ratings
