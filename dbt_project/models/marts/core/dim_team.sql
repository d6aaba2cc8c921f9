-- Grain: one row a delivery team of the registry.
select
    team_id,
    team_name,
    owner
from {{ ref('stg_registry__teams') }}
