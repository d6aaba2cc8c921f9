-- Grain: one row a tool's experiment and a variant of it. LaunchDarkly's events call a variant by its id.
with iterations as (
    select
        'launchdarkly:' || experiment_id || ':' || iteration_id as experiment_id,
        treatments
    from {{ ref('stg_launchdarkly__experiment_iterations') }}
),

treatment_rows as (
    {{ json_object_rows('iterations', ['experiment_id'], 'treatments') }}
),

treatments as (
    select
        experiment_id,
        coalesce({{ json_property('item', "'_id'") }}, {{ json_property('item', "'name'") }}) as variant_key,
        {{ json_property('item', "'name'") }} as variant_name,
        {{ try_cast(json_property('item', "'allocationPercent'"), 'double') }} / 100 as weight,
        coalesce({{ json_property('item', "'baseline'") }} = 'true', false) as is_control,
        row_number() over (
            partition by experiment_id, coalesce({{ json_property('item', "'_id'") }}, {{ json_property('item', "'name'") }})
            order by item_number
        ) as place
    from treatment_rows
)

select
    'growthbook:' || experiment_id as experiment_id,
    variant_key,
    variant_name,
    weight,
    is_control
from {{ ref('stg_growthbook__variations') }}
union all
select
    'posthog:' || experiment_id as experiment_id,
    variant_key,
    variant_name,
    weight,
    is_control
from {{ ref('stg_posthog__variants') }}
union all
select
    experiment_id,
    variant_key,
    variant_name,
    weight,
    is_control
from treatments
where
    place = 1
    and variant_key is not null
