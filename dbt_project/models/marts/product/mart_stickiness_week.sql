-- Grain: one row a complete week, customer segment and number of days: how many of the active users were there on so many.
select
    week_start,
    segment,
    days,
    exact_user_count,
    at_least_user_count,
    active_user_count,
    cast(exact_user_count as double) / nullif(active_user_count, 0) as exact_share,
    cast(at_least_user_count as double) / nullif(active_user_count, 0) as at_least_share
from {{ ref('int_usage__stickiness_weeks') }}
