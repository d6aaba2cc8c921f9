-- Grain: one row a rating that was offered by as_of, with what its ticket says about account, feature and segment.
-- `is_latest`: the last one given on its ticket.
select
    ratings.rating_id,
    ratings.ticket_id,
    ratings.source,
    tickets.account_id,
    tickets.account_rule,
    tickets.person_id,
    tickets.feature_id,
    tickets.product_id,
    tickets.segment,
    ratings.score,
    ratings.has_comment,
    tickets.is_counted,
    ratings.score is not null
    and row_number() over (
        partition by ratings.ticket_id
        order by case when ratings.score is not null then 0 else 1 end, ratings.rated_at desc, ratings.rating_id desc
    ) = 1 as is_latest,
    {{ reporting_date('ratings.offered_at') }} as offered_date,
    {{ reporting_date('ratings.rated_at') }} as rated_date,
    ratings.offered_at,
    ratings.rated_at
from {{ ref('int_support__source_ratings') }} as ratings
inner join {{ ref('int_support__tickets') }} as tickets
    on ratings.ticket_id = tickets.ticket_id
