-- Grain: one row a conversation whose contact was asked for a rating by as_of, with the latest rating. The remark stays
-- behind. `rating` is 1 to 5; null while it is only asked for, and for any other number.
with live_versions as (
    select *
    from {{ raw('intercom', 'conversations') }}
    where not is_deleted
),

conversations as (
    {{ stage_as_of('live_versions', [
        ('conversation_rating.rating', 'rating', 'integer'),
        ('conversation_rating.remark', 'remark', 'text'),
        ('conversation_rating.created_at', 'requested_seconds', 'integer'),
        ('conversation_rating.updated_at', 'rated_seconds', 'integer'),
        ('updated_at', 'updated_seconds', 'integer'),
    ], from_epoch('updated_seconds')) }}
)

select
    record_id as conversation_id,
    case when rating between 1 and 5 then rating end as rating,
    coalesce(rating not between 1 and 5, false) as is_out_of_scale,
    coalesce(trim(remark), '') <> '' as has_comment,
    {{ from_epoch('requested_seconds') }} as requested_at,
    case when rating between 1 and 5 then {{ from_epoch('coalesce(rated_seconds, requested_seconds)') }} end
        as rated_at
from conversations
where
    requested_seconds is not null
    and {{ from_epoch('requested_seconds') }} < {{ as_of_at() }}
