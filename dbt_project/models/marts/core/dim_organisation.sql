-- Grain: one row, the organisation whose facts these are.
select
    organisation_id,
    organisation_name,
    reporting_time_zone,
    week_starts_on
from {{ ref('stg_registry__organisation') }}
