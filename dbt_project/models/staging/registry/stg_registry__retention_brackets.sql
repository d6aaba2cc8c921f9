with bracket_rows as (
    {{ json_object_rows(ref('stg_registry__organisation'), ['organisation_id'], 'retention_brackets') }}
),

parsed_brackets as (
    select {{ parse_json('item', {'from_day': 'bigint', 'to_day': 'bigint'}) }} as parsed
    from bracket_rows
),

brackets as (
    select
        {{ struct_field('parsed', ['from_day']) }} as from_day,
        {{ struct_field('parsed', ['to_day']) }} as to_day
    from parsed_brackets
)

select
    from_day,
    to_day,
    case when from_day = to_day then '' else cast(from_day as {{ dbt.type_string() }}) || '-' end
    || cast(to_day as {{ dbt.type_string() }}) as days
from brackets
