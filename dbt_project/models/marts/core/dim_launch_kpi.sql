-- Grain: one row a declared launch and a metric that it is read by, with the bound that it is to keep: the primary one that
-- decides, further ones, and guardrails. A product, feature or team that was called otherwise then is meant by its id of now.
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
),

named_kpis as (
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
)

select
    named_kpis.launch_id,
    named_kpis.kpi_id,
    named_kpis.kpi_role,
    named_kpis.metric,
    coalesce(former_products.member_id, named_kpis.product_id) as product_id,
    coalesce(former_features.member_id, named_kpis.feature_id) as feature_id,
    coalesce(former_teams.member_id, named_kpis.team_id) as team_id,
    named_kpis.segment,
    named_kpis.at_least,
    named_kpis.at_most,
    named_kpis.change_at_least,
    named_kpis.change_at_most,
    named_kpis.window_days
from named_kpis
{%- for kind in ['product', 'feature', 'team'] %}
left join {{ ref('stg_registry__former_ids') }} as former_{{ kind }}s
    on
        former_{{ kind }}s.dimension = '{{ kind }}_id'
        and named_kpis.{{ kind }}_id = former_{{ kind }}s.former_id
{%- endfor %}
