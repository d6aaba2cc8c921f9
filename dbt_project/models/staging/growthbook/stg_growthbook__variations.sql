-- Grain: one row an experiment and a variant of it. The first one is the control.
with experiments as (
    select
        experiment_id,
        variations,
        traffic_split
    from {{ ref('stg_growthbook__experiments') }}
),

variation_rows as (
    {{ json_object_rows('experiments', ['experiment_id'], 'variations') }}
),

weight_rows as (
    {{ json_object_rows('experiments', ['experiment_id'], 'traffic_split') }}
),

weights as (
    select
        experiment_id,
        {{ json_property('item', "'variationId'") }} as variation_id,
        max({{ try_cast(json_property('item', "'weight'"), 'double') }}) as weight
    from weight_rows
    group by experiment_id, {{ json_property('item', "'variationId'") }}
),

variations as (
    select
        experiment_id,
        {{ json_property('item', "'variationId'") }} as variation_id,
        {{ json_property('item', "'key'") }} as variant_key,
        {{ json_property('item', "'name'") }} as variant_name,
        item_number = 1 as is_control,
        row_number() over (
            partition by experiment_id, {{ json_property('item', "'key'") }}
            order by item_number
        ) as place
    from variation_rows
)

select
    variations.experiment_id,
    variations.variation_id,
    variations.variant_key,
    variations.variant_name,
    weights.weight,
    variations.is_control
from variations
left join weights
    on
        variations.experiment_id = weights.experiment_id
        and variations.variation_id = weights.variation_id
where
    variations.variant_key is not null
    and variations.place = 1
