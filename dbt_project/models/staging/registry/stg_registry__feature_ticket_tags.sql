with features as (
    select
        feature_id,
        ticket_tags
    from {{ ref('stg_registry__features') }}
),

item_rows as (
    {{ json_array_rows('features', ['feature_id'], 'ticket_tags') }}
)

select
    feature_id,
    item as ticket_tag
from item_rows
