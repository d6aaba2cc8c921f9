-- Grain: one row a step of a product's activation, numbered from 1.
with declared as (
    select
        product_id,
        {{ try_cast(json_property('activation', "'within_days'"), 'bigint') }} as within_days,
        {{ json_member('activation', "'steps'") }} as steps
    from {{ ref('stg_registry__products') }}
    where activation is not null
),

step_rows as (
    {{ json_object_rows('declared', ['product_id', 'within_days'], 'steps') }}
),

parsed_steps as (
    select
        product_id,
        within_days,
        item_number,
        {{ parse_json('item', {'event': text_type(), 'times': text_type(), 'days': text_type()}) }} as parsed
    from step_rows
)

select
    product_id,
    within_days,
    item_number as step_number,
    {{ struct_field('parsed', ['event']) }} as event_type,
    coalesce({{ cast_field(struct_field('parsed', ['times']), 'integer') }}, 1) as times,
    coalesce({{ cast_field(struct_field('parsed', ['days']), 'integer') }}, 1) as days
from parsed_steps
