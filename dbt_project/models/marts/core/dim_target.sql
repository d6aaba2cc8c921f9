-- Grain: one row a metric for which the registry says what good looks like.
select
    metric,
    at_least,
    at_most
from {{ ref('stg_registry__targets') }}
