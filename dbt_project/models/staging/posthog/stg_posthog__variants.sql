-- Grain: one row an experiment and a variant of it. The control is called so, else it is the first.
with experiments as (
    select
        experiment_id,
        variants
    from {{ ref('stg_posthog__experiments') }}
),

variant_rows as (
    {{ json_object_rows('experiments', ['experiment_id'], 'variants') }}
),

variants as (
    select
        experiment_id,
        {{ json_property('item', "'key'") }} as variant_key,
        nullif({{ json_property('item', "'name'") }}, '') as variant_name,
        {{ try_cast(json_property('item', "'rollout_percentage'"), 'double') }} / 100 as weight,
        row_number() over (
            partition by experiment_id, {{ json_property('item', "'key'") }}
            order by item_number
        ) as place,
        row_number() over (
            partition by experiment_id
            order by case when {{ json_property('item', "'key'") }} = 'control' then 0 else 1 end, item_number
        ) as rank_as_control
    from variant_rows
)

select
    experiment_id,
    variant_key,
    coalesce(variant_name, variant_key) as variant_name,
    weight,
    rank_as_control = 1 as is_control
from variants
where
    variant_key is not null
    and place = 1
