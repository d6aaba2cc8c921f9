{# What differs on Snowflake, by its documentation: no account was there to try it. See engine.sql, engine_text.sql and engine_time.sql
   for what each macro does. Functions of the schema `product_ops` stand in warehouse/functions/snowflake.sql. Numbers in JSON come
   back as Snowflake writes them, 1e3 as 1000, the names of a JSON object in the order of the alphabet, and of a name given twice the last
   value. #}

{# JSON. A record is parsed into an object of the fields of its shape, by their whole paths: a text, or a nested value's JSON text. #}
{% macro snowflake__parse_json(json_text, shape) -%}
    object_construct(
        {%- for path, type in snowflake__leaves(shape, []) %}
        {{ text_literal(tojson(path)) }}, {{ snowflake__leaf("try_parse_json(" ~ json_text ~ ", 'd')", path, type) }}
        {{- "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
{% macro snowflake__leaves(shape, above) -%}
    {%- set found = [] -%}
    {%- for name, inner in shape.items() -%}
        {%- if inner is mapping -%} {%- do found.extend(snowflake__leaves(inner, above + [name])) -%}
        {%- else -%} {%- do found.append((above + [name], inner)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
{% macro snowflake__leaf(variant, path, type) -%}
    {%- set place = namespace(sql=variant) -%}
    {%- for name in path -%} {%- set place.sql = 'get(as_object(' ~ place.sql ~ '), ' ~ text_literal(name) ~ ')' -%} {%- endfor -%}
    {%- if type == json_type() -%} to_json({{ place.sql }}) {%- else -%} cast({{ place.sql }} as varchar) {%- endif -%}
{%- endmacro %}
{% macro snowflake__struct_field(struct, path) -%}
    cast(get({{ struct }}, {{ text_literal(tojson(path)) }}) as varchar)
{%- endmacro %}
{% macro snowflake__text_type() -%}
    {{ return('varchar') }}
{%- endmacro %}
{% macro snowflake__json_type() -%}
    {{ return('variant') }}
{%- endmacro %}
{% macro snowflake__json_text(field) -%}
    nullif({{ field }}, 'null')
{%- endmacro %}
{% macro snowflake__json_property(json_text, name) -%}
    cast(get(as_object(try_parse_json({{ json_text }}, 'd')), {{ name }}) as varchar)
{%- endmacro %}
{% macro snowflake__json_member(json_text, name) -%}
    nullif(to_json(get(as_object(try_parse_json({{ json_text }}, 'd')), {{ name }})), 'null')
{%- endmacro %}
{% macro snowflake__json_unwrapped(json_text) -%}
    case
        when
            {{ json_text }} like '"%'
            and typeof(try_parse_json(cast(try_parse_json({{ json_text }}, 'd') as varchar), 'd')) in ('OBJECT', 'ARRAY')
            then cast(try_parse_json({{ json_text }}, 'd') as varchar)
        else {{ json_text }}
    end
{%- endmacro %}
{% macro snowflake__json_first_item(json_text) -%}
    cast(get(as_array(try_parse_json({{ json_text }}, 'd')), 0) as varchar)
{%- endmacro %}
{% macro snowflake__json_first_item_property(json_text, name) -%}
    cast(get(as_object(get(as_array(try_parse_json({{ json_text }}, 'd')), 0)), {{ text_literal(name) }}) as varchar)
{%- endmacro %}
{# Rows of the items of an array or object (SQL of `of` the parsed text). Columns are named by their relation, for what FLATTEN
   gives has names of its own. #}
{% macro snowflake__flattened(relation, columns, of, selected, condition=none) -%}
    select
        {%- for column in columns %}
        flattened_rows.{{ column }},
        {%- endfor %}
        {{ selected }}
    from (select {{ columns | join(', ') }}, {{ of }} as flattened_value from {{ relation }}) as flattened_rows,
        lateral flatten(input => flattened_rows.flattened_value) as flattened_items
    {%- if condition %}
    where {{ condition }}
    {%- endif %}
{%- endmacro %}
{% macro snowflake__json_array_rows(relation, columns, json_text) -%}
    {{ snowflake__flattened(
        relation, columns, "as_array(try_parse_json(" ~ json_text ~ ", 'd'))",
        'cast(flattened_items.value as varchar) as item, flattened_items.index + 1 as item_number'
    ) }}
{%- endmacro %}
{% macro snowflake__json_object_rows(relation, columns, json_text) -%}
    {{ snowflake__flattened(
        relation, columns, "as_array(try_parse_json(" ~ json_text ~ ", 'd'))",
        'to_json(flattened_items.value) as item, flattened_items.index + 1 as item_number',
        'is_object(flattened_items.value)'
    ) }}
{%- endmacro %}
{% macro snowflake__json_member_rows(relation, columns, json_text) -%}
    {{ snowflake__flattened(
        relation, columns, 'as_object(try_parse_json(' ~ json_text ~ '))',
        "flattened_items.key as name, nullif(to_json(flattened_items.value), 'null') as member"
    ) }}
{%- endmacro %}
{# A number in the array is found by its text. #}
{% macro snowflake__json_array_contains(json_text, item) -%}
    array_contains(
        cast(cast({{ item }} as varchar) as variant),
        transform(as_array(try_parse_json({{ json_text }}, 'd')), each_item -> cast(each_item as varchar))
    )
{%- endmacro %}
{% macro snowflake__json_text_list(text, separator) -%}
    to_json(split(regexp_replace(trim({{ text }}), {{ text_literal('\\s*[' ~ separator ~ ']\\s*') }}, '{{ separator }}'), '{{ separator }}'))
{%- endmacro %}
{# Of the text: a parsed object has its names in another order. #}
{% macro snowflake__json_first_name(json_text) -%}
    case
        when is_object(try_parse_json({{ json_text }}, 'd')) then cast(
            try_parse_json(product_ops.text_capture({{ json_text }}, {{ text_literal('^\\s*[{]\\s*("(?:[^"\\\\]|\\\\.)*")') }})) as varchar
        )
    end
{%- endmacro %}
{% macro snowflake__json_name_count(json_text) -%}
    coalesce(array_size(object_keys(as_object(try_parse_json({{ json_text }}, 'd')))), 0)
{%- endmacro %}
{% macro snowflake__json_object_without(json_text, object, names) -%}
    to_json(object_delete(
        as_object(get(as_object(try_parse_json({{ json_text }}, 'd')), {{ text_literal(object) }}))
        {%- for name in names %}, {{ text_literal(name) }}{% endfor -%}
    ))
{%- endmacro %}
{# Names that are not quoted stand in capital letters. #}
{% macro snowflake__columns_of_schemas(schemas) -%}
    select lower(table_name) as relation_name, lower(column_name) as column_name
    from information_schema.columns
    where lower(table_schema) in ('{{ schemas | join("', '") }}')
{%- endmacro %}

{# Texts, numbers and casts. #}
{% macro snowflake__text_literal(text) -%}
    '{{ text | replace("\\", "\\\\") | replace("'", "''") }}'
{%- endmacro %}
{# Snowflake's own takes nothing but texts, `on` and `off` for booleans, and days of many shapes. #}
{% macro snowflake__try_cast(value, type) -%}
    {%- if type == 'boolean' -%}
        case
            when lower(cast({{ value }} as varchar)) in ('true', 't', 'yes', 'y', '1') then true
            when lower(cast({{ value }} as varchar)) in ('false', 'f', 'no', 'n', '0') then false
        end
    {%- else -%}
        product_ops.try_{{ type }}(cast({{ value }} as varchar))
    {%- endif -%}
{%- endmacro %}
{% macro snowflake__text_part(text, separator, number) -%}
    split_part({{ text }}, {{ separator }}, {{ number }})
{%- endmacro %}
{# Of no texts it makes an empty one. #}
{% macro snowflake__joined_texts(text, separator) -%}
    case when count({{ text }}) > 0 then listagg({{ text }}, {{ separator }}) within group (order by {{ text }}) end
{%- endmacro %}
{% macro snowflake__contains_text(text, part) -%}
    contains({{ text }}, {{ part }})
{%- endmacro %}
{% macro snowflake__text_capture(text, pattern) -%}
    product_ops.text_capture({{ text }}, {{ text_literal(pattern) }})
{%- endmacro %}
{% macro snowflake__text_key(text) -%}
    product_ops.text_key({{ text }})
{%- endmacro %}
{% macro snowflake__text_match_rows(relation, columns, text, pattern) -%}
    {{ snowflake__flattened(
        relation, columns, 'regexp_substr_all(' ~ text ~ ', ' ~ text_literal(pattern) ~ ')',
        'cast(flattened_items.value as varchar) as item, flattened_items.index + 1 as item_number'
    ) }}
{%- endmacro %}
{# The account's administrator makes it, once: the key stands in no query (deploy/SNOWFLAKE.md). #}
{% macro snowflake__pseudonym(text) -%}
    product_ops.pseudonym(cast({{ text }} as varchar))
{%- endmacro %}
{# Of whole numbers it makes decimals. #}
{% macro snowflake__percentile(expression, share) -%}
    cast(percentile_cont({{ share }}) within group (order by cast({{ expression }} as double)) as double)
{%- endmacro %}

{# Time. A timestamp is one without a zone: the profile says so. #}
{% macro snowflake__parse_timestamp(text) -%}
    case when regexp_like({{ text }}, {{ text_literal(moment_pattern()) }}) then product_ops.moment({{ text }}) end
{%- endmacro %}
{% macro snowflake__from_epoch(units) -%}
    product_ops.from_epoch(cast({{ units }} as varchar))
{%- endmacro %}
{# Counts the seconds that begin in between. #}
{% macro snowflake__epoch_seconds(timestamp) -%}
    datediff(second, cast('1970-01-01 00:00:00' as timestamp), cast({{ timestamp }} as timestamp))
{%- endmacro %}
{% macro snowflake__add_time(part, number, timestamp) -%}
    dateadd({{ part }}, cast({{ number }} as bigint), {{ timestamp }})
{%- endmacro %}
{% macro snowflake__days_between(first, second) -%}
    datediff(day, cast({{ first }} as date), cast({{ second }} as date))
{%- endmacro %}
{% macro snowflake__reporting_date(timestamp) -%}
    cast(convert_timezone('UTC', '{{ var("reporting_time_zone") }}', cast({{ timestamp }} as timestamp)) as date)
{%- endmacro %}
{% macro snowflake__reporting_midnight(date) -%}
    {{ duckdb__reporting_midnight(date) }}
{%- endmacro %}
{% macro snowflake__from_wall_clock(timestamp, zone) -%}
    product_ops.from_wall_clock(cast({{ timestamp }} as timestamp), {{ zone }})
{%- endmacro %}
{% macro snowflake__to_wall_clock(timestamp, zone) -%}
    convert_timezone('UTC', {{ zone }}, cast({{ timestamp }} as timestamp))
{%- endmacro %}
