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
),

named as (
    select
        funnel_id,
        {{ struct_field('parsed', ['event']) }} as event_type,
        {{ struct_field('parsed', ['name']) }} as step_name,
        cast(item_number as bigint) as step_number
    from parsed_steps
),

numbered as (
    select
        *,
        row_number() over (partition by funnel_id, event_type order by step_number) as event_use
    from named
)

select
    funnel_id,
    event_type,
    step_name,
    step_number,
    event_type || case when event_use > 1 then ' (' || cast(event_use as {{ dbt.type_string() }}) || ')' else '' end as step
from numbered
