-- Grain: one row a declared experiment and an effect by which it is read, with the bound that it is to keep: the primary one that
-- decides, further ones, and guardrails. A feature that was called otherwise then is meant by its id of now.
with declared as (
    select
        experiment_id,
        '[' || primary_effect || ']' as primary_effects,
        further_effects,
        guardrails
    from {{ ref('int_learning__declared_experiments') }}
),

primary_rows as (
    {{ json_object_rows('declared', ['experiment_id'], 'primary_effects') }}
),

further_rows as (
    {{ json_object_rows('declared', ['experiment_id'], 'further_effects') }}
),

guardrail_rows as (
    {{ json_object_rows('declared', ['experiment_id'], 'guardrails') }}
),

effects as (
    select experiment_id, item, item_number, 'primary' as effect_role from primary_rows
    union all
    select experiment_id, item, item_number, 'further' as effect_role from further_rows
    union all
    select experiment_id, item, item_number, 'guardrail' as effect_role from guardrail_rows
),

parsed as (
    select
        experiment_id,
        effect_role || ':' || cast(item_number as {{ dbt.type_string() }}) as effect_id,
        effect_role,
        {{ json_property('item', "'measure'") }} as measure,
        {{ json_property('item', "'feature'") }} as feature_name,
        {{ try_cast(json_property('item', "'cap'"), 'double') }} as cap,
        {{ try_cast(json_property('item', "'change_at_least'"), 'double') }} as change_at_least,
        {{ try_cast(json_property('item', "'change_at_most'"), 'double') }} as change_at_most
    from effects
)

select
    parsed.experiment_id,
    parsed.effect_id,
    parsed.effect_role,
    parsed.measure,
    coalesce(former_features.member_id, parsed.feature_name) as feature_id,
    parsed.cap,
    parsed.change_at_least,
    parsed.change_at_most
from parsed
left join {{ ref('stg_registry__former_ids') }} as former_features
    on
        former_features.dimension = 'feature_id'
        and parsed.feature_name = former_features.former_id
