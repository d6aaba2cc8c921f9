with features as (
    select
        feature_id,
        roadmap_items
    from {{ ref('stg_registry__features') }}
),

item_rows as (
    {{ json_array_rows('features', ['feature_id'], 'roadmap_items') }}
)

select
    feature_id,
    lower(trim(item)) as roadmap_item
from item_rows
