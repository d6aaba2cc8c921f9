-- Grain: one row a metric that the North Star names: what it is made of, and the inputs that move it, as a tree by `feeds`. A
-- product, feature or team that was called otherwise is meant by its id of now.
with declared as (
    select
        north_star_id,
        '[' || value_measure || ']' as value_measures,
        '[' || numerator_measure || ']' as numerator_measures,
        '[' || denominator_measure || ']' as denominator_measures,
        inputs
    from {{ ref('stg_registry__north_star') }}
),

{% set roles = {
    'value': 'value_measures', 'numerator': 'numerator_measures', 'denominator': 'denominator_measures', 'input': 'inputs'
} %}
{%- for role, column in roles.items() %}
{{ role }}_rows as (
    {{ json_object_rows('declared', ['north_star_id'], column) }}
),
{% endfor %}
measures as (
    {%- for role in roles %}
    select north_star_id, item, item_number, '{{ role }}' as metric_role from {{ role }}_rows
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

parsed_measures as (
    select
        north_star_id,
        metric_role,
        item_number,
        {{ parse_json('item', {
            'id': text_type(), 'name': text_type(), 'fr': text_type(), 'feeds': text_type(), 'metric': text_type(),
            'product': text_type(), 'feature': text_type(), 'team': text_type(), 'segment': text_type()
        }) }} as parsed
    from measures
),

named_measures as (
    select
        north_star_id,
        metric_role,
        item_number,
        {{ struct_field('parsed', ['id']) }} as input_id,
        {{ struct_field('parsed', ['name']) }} as input_name,
        {{ struct_field('parsed', ['fr']) }} as input_name_fr,
        {{ struct_field('parsed', ['feeds']) }} as feeds,
        {{ struct_field('parsed', ['metric']) }} as metric,
        {{ struct_field('parsed', ['product']) }} as product_id,
        {{ struct_field('parsed', ['feature']) }} as feature_id,
        {{ struct_field('parsed', ['team']) }} as team_id,
        {{ struct_field('parsed', ['segment']) }} as segment
    from parsed_measures
)

select
    named_measures.north_star_id,
    named_measures.metric_role || ':' || cast(named_measures.item_number as {{ dbt.type_string() }}) as part_id,
    named_measures.metric_role,
    named_measures.item_number as part_number,
    named_measures.input_id,
    named_measures.input_name,
    coalesce(named_measures.input_name_fr, named_measures.input_name) as input_name_fr,
    named_measures.feeds,
    named_measures.metric,
    coalesce(former_products.member_id, named_measures.product_id) as product_id,
    coalesce(former_features.member_id, named_measures.feature_id) as feature_id,
    coalesce(former_teams.member_id, named_measures.team_id) as team_id,
    named_measures.segment
from named_measures
{%- for kind in ['product', 'feature', 'team'] %}
left join {{ ref('stg_registry__former_ids') }} as former_{{ kind }}s
    on
        former_{{ kind }}s.dimension = '{{ kind }}_id'
        and named_measures.{{ kind }}_id = former_{{ kind }}s.former_id
{%- endfor %}
