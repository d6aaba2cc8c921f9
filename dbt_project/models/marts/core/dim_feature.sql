-- Grain: one row a feature of the registry, and the row `(unmapped)` for events that no feature claims.
select
    feature_id,
    feature_name,
    product_id,
    product_name,
    team_id,
    live_from,
    live_until,
    launched_on,
    is_instrumented,
    adoption_target
from {{ ref('int_features__features') }}
union all
select
    '(unmapped)' as feature_id,
    '(unmapped)' as feature_name,
    '(unmapped)' as product_id,
    '(unmapped)' as product_name,
    '(unknown)' as team_id,
    cast(null as date) as live_from,
    cast(null as date) as live_until,
    cast(null as date) as launched_on,
    false as is_instrumented,
    cast(null as double) as adoption_target
