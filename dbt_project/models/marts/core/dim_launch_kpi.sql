-- Grain: one row a declared launch and a metric that it is read by, with the bound that it is to keep: the primary one that
-- decides, further ones, and guardrails.
with declared as (
    select
        launch_id,
        '[' || primary_kpi || ']' as primary_kpis,
        further_kpis,
        guardrails
    from {{ ref('int_launches__declared') }}
),

primary_rows as (
    {{ json_object_rows('declared', ['launch_id'], 'primary_kpis') }}
),

further_rows as (
    {{ json_object_rows('declared', ['launch_id'], 'further_kpis') }}
),

guardrail_rows as (
    {{ json_object_rows('declared', ['launch_id'], 'guardrails') }}
),

kpis as (
    select launch_id, item, item_number, 'primary' as kpi_role from primary_rows
    union all
    select launch_id, item, item_number, 'further' as kpi_role from further_rows
    union all
    select launch_id, item, item_number, 'guardrail' as kpi_role from guardrail_rows
),

parsed_kpis as (
    select
        launch_id,
        kpi_role,
        kpi_role || ':' || cast(item_number as {{ dbt.type_string() }}) as kpi_id,
        {{ parse_json('item', {
            'metric': text_type(), 'product': text_type(), 'feature': text_type(), 'team': text_type(),
            'segment': text_type(), 'at_least': text_type(), 'at_most': text_type(), 'change_at_least': text_type(),
            'change_at_most': text_type(), 'window_days': text_type()
        }) }} as parsed
    from kpis
)

select
    launch_id,
    kpi_id,
    kpi_role,
    {{ struct_field('parsed', ['metric']) }} as metric,
    {{ struct_field('parsed', ['product']) }} as product_id,
    {{ struct_field('parsed', ['feature']) }} as feature_id,
    {{ struct_field('parsed', ['team']) }} as team_id,
    {{ struct_field('parsed', ['segment']) }} as segment,
    {{ cast_field(struct_field('parsed', ['at_least']), 'double') }} as at_least,
    {{ cast_field(struct_field('parsed', ['at_most']), 'double') }} as at_most,
    {{ cast_field(struct_field('parsed', ['change_at_least']), 'double') }} as change_at_least,
    {{ cast_field(struct_field('parsed', ['change_at_most']), 'double') }} as change_at_most,
    {{ cast_field(struct_field('parsed', ['window_days']), 'integer') }} as window_days
from parsed_kpis
