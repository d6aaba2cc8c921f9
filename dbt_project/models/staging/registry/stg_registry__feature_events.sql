with features as (
    select
        feature_id,
        event_rules
    from {{ ref('stg_registry__features') }}
),

rule_rows as (
    {{ json_object_rows('features', ['feature_id'], 'event_rules') }}
),

parsed_rules as (
    select
        feature_id,
        item_number,
        {{ parse_json('item', {'event': text_type(), 'where': json_type()}) }} as parsed
    from rule_rows
),

rules as (
    select
        feature_id,
        item_number,
        {{ struct_field('parsed', ['event']) }} as event_type,
        cast({{ struct_field('parsed', ['where']) }} as {{ dbt.type_string() }}) as properties
    from parsed_rules
)

select
    feature_id,
    event_type,
    {{ json_first_name('properties') }} as property_name,
    {{ json_property('properties', json_first_name('properties')) }} as property_value,
    {{ json_name_count('properties') }} as property_count,
    cast(item_number as bigint) as rule_number
from rules
