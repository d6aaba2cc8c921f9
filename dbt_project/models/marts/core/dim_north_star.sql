-- Grain: one row a North Star, as the registry declares it; one at most.
select
    north_star_id,
    north_star_name,
    coalesce(north_star_name_fr, north_star_name) as north_star_name_fr,
    definition,
    coalesce(definition_fr, definition) as definition_fr,
    owner,
    definition_version,
    is_share
from {{ ref('stg_registry__north_star') }}
