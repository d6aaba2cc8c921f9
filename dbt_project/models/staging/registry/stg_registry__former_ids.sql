{# The column of published numbers and answers that holds ids of a file. #}
{% set columns = {
    'product_id': ref('stg_registry__products'),
    'feature_id': ref('stg_registry__features'),
    'team_id': ref('stg_registry__teams'),
    'funnel_id': ref('stg_registry__funnels'),
    'stage': ref('stg_registry__stages'),
    'survey_id': ref('stg_registry__surveys'),
    'theme_id': ref('stg_registry__themes'),
} %}
with entries as (
    {%- for column, relation in columns.items() %}
    select
        '{{ column }}' as dimension,
        {{ column }} as member_id,
        former_ids
    from {{ relation }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

id_rows as (
    {{ json_array_rows('entries', ['dimension', 'member_id'], 'former_ids') }}
)

select
    dimension,
    item as former_id,
    member_id,
    cast(item_number as bigint) as place
from id_rows
