with stages as (
    select
        stage,
        statuses
    from {{ ref('stg_registry__stages') }}
),

status_rows as (
    {{ json_array_rows('stages', ['stage'], 'statuses') }}
)

select
    lower(trim(item)) as status_name,
    stage
from status_rows
