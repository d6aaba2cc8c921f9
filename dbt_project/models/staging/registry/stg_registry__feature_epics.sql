with features as (
    select
        feature_id,
        epic_keys
    from {{ ref('stg_registry__features') }}
),

item_rows as (
    {{ json_array_rows('features', ['feature_id'], 'epic_keys') }}
)

select
    feature_id,
    item as epic_key
from item_rows
