-- Grain: one row an item of feedback given by as_of. What was said stays behind.
select
    feedback_id,
    kind,
    source,
    channel,
    account_id,
    account_rule,
    person_id,
    feature_id,
    product_id,
    theme,
    sentiment,
    score,
    created_date,
    created_at
from {{ ref('int_feedback__items') }}
where created_at < {{ as_of_at() }}
