-- Grain: one row an experiment and a variant, with its share of the people as it was planned; null where nobody said.
with declared as (
    select
        experiment_id,
        variants
    from {{ ref('int_learning__declared_experiments') }}
),

variant_rows as (
    {{ json_object_rows('declared', ['experiment_id'], 'variants') }}
),

declared_variants as (
    select
        experiment_id,
        {{ json_property('item', "'key'") }} as variant_key,
        {{ json_property('item', "'name'") }} as variant_name,
        {{ try_cast(json_property('item', "'weight'"), 'double') }} as weight,
        coalesce({{ json_property('item', "'is_control'") }} = 'true', false) as is_control
    from variant_rows
),

variants as (
    select * from declared_variants
    union all
    select
        tools.experiment_id,
        tools.variant_key,
        tools.variant_name,
        tools.weight,
        tools.is_control
    from {{ ref('int_learning__tool_experiment_variants') }} as tools
    inner join {{ ref('int_learning__tool_matches') }} as matches
        on
            tools.experiment_id = matches.tool_experiment_id
            and not matches.is_declared
)

select
    experiment_id,
    variant_key,
    coalesce(variant_name, variant_key) as variant_name,
    weight / sum(weight) over (partition by experiment_id) as weight,
    is_control
from variants
