-- Grain: one row a declared launch and a feature that it brings, in the launch's order. A feature that was called otherwise then is
-- meant by its id of now.
with declared as (
    select
        launch_id,
        feature_ids
    from {{ ref('int_launches__declared') }}
),

item_rows as (
    {{ json_array_rows('declared', ['launch_id'], 'feature_ids') }}
),

named as (
    select
        item_rows.launch_id,
        coalesce(former_features.member_id, item_rows.item) as feature_id,
        min(item_rows.item_number) as feature_number,
        count(former_features.member_id) > 0 as is_renamed
    from item_rows
    left join {{ ref('stg_registry__former_ids') }} as former_features
        on
            former_features.dimension = 'feature_id'
            and item_rows.item = former_features.former_id
    group by item_rows.launch_id, coalesce(former_features.member_id, item_rows.item)
)

select
    named.launch_id,
    named.feature_id,
    features.product_id,
    features.team_id,
    cast(named.feature_number as bigint) as feature_number,
    named.is_renamed,
    features.live_from,
    features.live_until,
    features.launched_on as feature_launched_on
from named
inner join {{ ref('int_features__features') }} as features
    on named.feature_id = features.feature_id
