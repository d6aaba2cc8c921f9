-- Grain: one row a delivery stage of the registry, with its place on the way from idea to release.
select
    stage,
    min(stage_number) as stage_number
from {{ ref('stg_registry__stages') }}
group by stage
