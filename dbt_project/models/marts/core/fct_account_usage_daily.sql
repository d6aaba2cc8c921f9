-- Grain: one row an account named by events, feature and day (reporting zone) with active use, before the as-of date.
-- Excluded persons are out. A person who works in two accounts on a day counts in each; `(unknown)`: none was named.
select
    account_id,
    feature_id,
    event_date,
    product_id,
    segment,
    user_count,
    event_count
from {{ ref('int_usage__account_days') }}
