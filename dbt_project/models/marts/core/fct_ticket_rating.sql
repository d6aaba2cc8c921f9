-- Grain: one row a rating that was offered by as_of. `score` is null until it is given.
select
    rating_id,
    ticket_id,
    source,
    account_id,
    person_id,
    feature_id,
    product_id,
    segment,
    score,
    is_counted,
    is_latest,
    offered_date,
    rated_date,
    offered_at,
    rated_at
from {{ ref('int_support__ratings') }}
