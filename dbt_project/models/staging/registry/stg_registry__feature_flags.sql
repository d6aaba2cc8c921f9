with features as (
    select
        feature_id,
        flags
    from {{ ref('stg_registry__features') }}
),

item_rows as (
    {{ json_array_rows('features', ['feature_id'], 'flags') }}
)

select
    feature_id,
    item as flag_key
from item_rows
