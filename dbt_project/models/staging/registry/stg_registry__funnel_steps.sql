with funnels as (
    select
        funnel_id,
        steps
    from {{ ref('stg_registry__funnels') }}
),

step_rows as (
    {{ json_object_rows('funnels', ['funnel_id'], 'steps') }}
),

parsed_steps as (
    select
        funnel_id,
        item_number,
        {{ parse_json('item', {'event': text_type(), 'name': text_type()}) }} as parsed
    from step_rows
)

select
    funnel_id,
    {{ struct_field('parsed', ['event']) }} as event_type,
    {{ struct_field('parsed', ['name']) }} as step_name,
    cast(item_number as bigint) as step_number
from parsed_steps
