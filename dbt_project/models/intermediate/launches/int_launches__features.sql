-- Grain: one row a declared launch and a feature that it brings, in the launch's order.
with declared as (
    select
        launch_id,
        feature_ids
    from {{ ref('int_launches__declared') }}
),

item_rows as (
    {{ json_array_rows('declared', ['launch_id'], 'feature_ids') }}
)

select
    item_rows.launch_id,
    item_rows.item as feature_id,
    features.product_id,
    features.team_id,
    cast(item_rows.item_number as bigint) as feature_number,
    features.live_from,
    features.live_until,
    features.launched_on as feature_launched_on
from item_rows
inner join {{ ref('int_features__features') }} as features
    on item_rows.item = features.feature_id
