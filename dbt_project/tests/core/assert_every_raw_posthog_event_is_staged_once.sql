{{ config(meta={'dagster': {'ref': {'name': 'stg_posthog__events'}}}) }}
-- Staging takes each load exactly once: as many rows as raw has, and every load of raw.
with raw_loads as (
    select load_id, count(*) as row_count
    from {{ raw('posthog', 'events') }}
    group by load_id
),

staged_loads as (
    select load_id, count(*) as row_count
    from {{ ref('stg_posthog__events') }}
    group by load_id
)

select raw_loads.load_id, raw_loads.row_count, staged_loads.row_count as staged_count
from raw_loads
left join staged_loads on raw_loads.load_id = staged_loads.load_id
where staged_loads.load_id is null or raw_loads.row_count <> staged_loads.row_count
