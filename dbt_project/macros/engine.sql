{# JSON, as each engine reads it. Everything that differs between SQL engines stands in the files engine*.sql; a further
   engine adds its `<adapter>__` macros there, and no model holds SQL that only one engine knows.

   None of these macros raises for what a vendor sent: a text that is no JSON, or not of the shape that was asked for,
   is null. #}

{# Parses a JSON text once into a struct. `shape` is a nested mapping of names to text_type() or json_type(). Where an
   object was expected and something else is there, its fields are null. #}
{% macro parse_json(json_text, shape) -%}
    {{ adapter.dispatch('parse_json')(json_text, shape) }}
{%- endmacro %}
{% macro duckdb__parse_json(json_text, shape) -%}
    try(from_json({{ json_text }}, {{ text_literal(tojson(shape)) }}))
{%- endmacro %}

{# A field of a parsed struct; `path` is a list of names. #}
{% macro struct_field(struct, path) -%}
    {{ adapter.dispatch('struct_field')(struct, path) }}
{%- endmacro %}
{% macro duckdb__struct_field(struct, path) -%}
    {{ struct }}{% for name in path %}[{{ text_literal(name) }}]{% endfor %}
{%- endmacro %}

{# The type of a text in a struct's shape. #}
{% macro text_type() -%}
    {{ return(adapter.dispatch('text_type')()) }}
{%- endmacro %}
{% macro duckdb__text_type() -%}
    {{ return('VARCHAR') }}
{%- endmacro %}

{# The type that keeps a nested JSON value as its text in a struct. #}
{% macro json_type() -%}
    {{ return(adapter.dispatch('json_type')()) }}
{%- endmacro %}
{% macro duckdb__json_type() -%}
    {{ return('JSON') }}
{%- endmacro %}

{# A field of type json_type() as JSON text, in which a text keeps its quotes; null for null. #}
{% macro json_text(field) -%}
    {{ adapter.dispatch('json_text')(field) }}
{%- endmacro %}
{% macro duckdb__json_text(field) -%}
    cast({{ field }} as varchar)
{%- endmacro %}

{# A property of a JSON object as text; `name` is an SQL expression. #}
{% macro json_property(json_text, name) -%}
    {{ adapter.dispatch('json_property')(json_text, name) }}
{%- endmacro %}
{% macro duckdb__json_property(json_text, name) -%}
    try(json_extract_string({{ json_text }}, '/' || replace(replace({{ name }}, '~', '~0'), '/', '~1')))
{%- endmacro %}

{# A property of a JSON object as JSON text, in which a text keeps its quotes; null when it is not there or null. `name`
   is an SQL expression. #}
{% macro json_member(json_text, name) -%}
    {{ adapter.dispatch('json_member')(json_text, name) }}
{%- endmacro %}
{% macro duckdb__json_member(json_text, name) -%}
    nullif(
        cast(
            try(json_extract({{ json_text }}, '/' || replace(replace({{ name }}, '~', '~0'), '/', '~1'))) as varchar
        ),
        'null'
    )
{%- endmacro %}

{# A JSON value that is no array as an array of that value; an array as it is. #}
{% macro json_as_list(json_text) -%}
    case when {{ json_text }} like '[%' then {{ json_text }} else '[' || {{ json_text }} || ']' end
{%- endmacro %}

{# A JSON value; where a sender wrote an object or array as a text, the object or array. #}
{% macro json_unwrapped(json_text) -%}
    {{ adapter.dispatch('json_unwrapped')(json_text) }}
{%- endmacro %}
{% macro duckdb__json_unwrapped(json_text) -%}
    case
        when {{ json_text }} like '"%' and try(json_type({{ json_text }} ->> '$')) in ('OBJECT', 'ARRAY')
            then {{ json_text }} ->> '$'
        else {{ json_text }}
    end
{%- endmacro %}

{# The first item of a JSON array of texts. #}
{% macro json_first_item(json_text) -%}
    {{ adapter.dispatch('json_first_item')(json_text) }}
{%- endmacro %}
{% macro duckdb__json_first_item(json_text) -%}
    try(json_extract_string({{ json_text }}, '$[0]'))
{%- endmacro %}

{# A property of the first object of a JSON array of objects, as text; `name` is a name. #}
{% macro json_first_item_property(json_text, name) -%}
    {{ adapter.dispatch('json_first_item_property')(json_text, name) }}
{%- endmacro %}
{% macro duckdb__json_first_item_property(json_text, name) -%}
    try(json_extract_string({{ json_text }}, '$[0]."{{ name }}"'))
{%- endmacro %}

{# Rows of a JSON array of texts or numbers: a select of `columns` of `relation`, `item` (a text without its quotes) and
   `item_number` (from 1). Rows without items are left out. An item is a text and not to be read as JSON: see
   json_object_rows. #}
{% macro json_array_rows(relation, columns, json_text) -%}
    {{ adapter.dispatch('json_array_rows')(relation, columns, json_text) }}
{%- endmacro %}
{% macro duckdb__json_array_rows(relation, columns, json_text) -%}
    select
        {{ columns | join(', ') }},
        item_json ->> '$' as item,
        item_number
    from ({{ duckdb__json_items(relation, columns, json_text) }}) as items
{%- endmacro %}

{# Rows of a JSON array of objects: a select of `columns` of `relation`, `item` (the object's JSON text, for parse_json
   and json_property) and `item_number` (its place in the array, from 1). Items that are no objects are left out. #}
{% macro json_object_rows(relation, columns, json_text) -%}
    {{ adapter.dispatch('json_object_rows')(relation, columns, json_text) }}
{%- endmacro %}
{% macro duckdb__json_object_rows(relation, columns, json_text) -%}
    select
        {{ columns | join(', ') }},
        cast(item_json as varchar) as item,
        item_number
    from ({{ duckdb__json_items(relation, columns, json_text) }}) as items
    where json_type(item_json) = 'OBJECT'
{%- endmacro %}

{# Rows of the members of a JSON object: a select of `columns` of `relation`, `name` and `member` (JSON text, in which a text
   keeps its quotes; null for null). What is no object, or has a name twice, has none. #}
{% macro json_member_rows(relation, columns, json_text) -%}
    {{ adapter.dispatch('json_member_rows')(relation, columns, json_text) }}
{%- endmacro %}
{# One parse an object, and no copy of it a member: DuckDB holds the objects of two thousand rows at a time. #}
{% macro duckdb__json_member_rows(relation, columns, json_text) -%}
    select
        {{ columns | join(', ') }},
        entry['key'] as name,
        nullif(cast(entry['value'] as varchar), 'null') as member
    from (
        select
            {{ columns | join(', ') }},
            unnest(map_entries(try(from_json({{ json_text }}, '"MAP(VARCHAR, JSON)"')))) as entry
        from {{ relation }}
    ) as objects
{%- endmacro %}
{% macro duckdb__json_items(relation, columns, json_text) -%}
    select
        {{ columns | join(', ') }},
        unnest(try(from_json({{ json_text }}, '["JSON"]'))) as item_json,
        generate_subscripts(try(from_json({{ json_text }}, '["JSON"]')), 1) as item_number
    from {{ relation }}
{%- endmacro %}

{# Has a JSON array of texts an item that is equal to a text? #}
{% macro json_array_contains(json_text, item) -%}
    {{ adapter.dispatch('json_array_contains')(json_text, item) }}
{%- endmacro %}
{% macro duckdb__json_array_contains(json_text, item) -%}
    list_contains(try(from_json({{ json_text }}, '["VARCHAR"]')), {{ item }})
{%- endmacro %}

{# A text such as 12;34 as the JSON array of its parts, trimmed; an empty array when there are none. `separator` is one
   character. #}
{% macro json_text_list(text, separator=';') -%}
    case
        when nullif(trim({{ text }}), '') is null then '[]'
        else {{ adapter.dispatch('json_text_list')(text, separator) }}
    end
{%- endmacro %}
{% macro duckdb__json_text_list(text, separator) -%}
    cast(to_json(regexp_split_to_array(trim({{ text }}), '\s*[{{ separator }}]\s*')) as varchar)
{%- endmacro %}

{# The first property name of a JSON object; null when it has none. #}
{% macro json_first_name(json_text) -%}
    {{ adapter.dispatch('json_first_name')(json_text) }}
{%- endmacro %}
{% macro duckdb__json_first_name(json_text) -%}
    try(json_keys({{ json_text }}))[1]
{%- endmacro %}

{# The number of property names of a JSON object; 0 when there is none. #}
{% macro json_name_count(json_text) -%}
    {{ adapter.dispatch('json_name_count')(json_text) }}
{%- endmacro %}
{% macro duckdb__json_name_count(json_text) -%}
    coalesce(len(try(json_keys({{ json_text }}))), 0)
{%- endmacro %}

{# An object inside a JSON text, without some of its properties, as text; null when it is no object. #}
{% macro json_object_without(json_text, object, names) -%}
    {{ adapter.dispatch('json_object_without')(json_text, object, names) }}
{%- endmacro %}
{% macro duckdb__json_object_without(json_text, object, names) -%}
    cast(case
        when try(json_type({{ json_text }}, '$.{{ object }}')) = 'OBJECT'
            then json_merge_patch(
                json_extract({{ json_text }}, '$.{{ object }}'),
                '{ {%- for name in names %}"{{ name }}":null{{ "," if not loop.last }}{% endfor -%} }'
            )
    end as varchar)
{%- endmacro %}

{# The columns (relation_name, column_name) of every table in the schemas. Where the engine has no such list, the adapter is
   asked, a relation at a time. #}
{% macro columns_of_schemas(schemas) -%}
    {{ adapter.dispatch('columns_of_schemas')(schemas) }}
{%- endmacro %}
{% macro duckdb__columns_of_schemas(schemas) -%}
    select table_name as relation_name, column_name
    from information_schema.columns
    where table_catalog = current_database() and table_schema in ('{{ schemas | join("', '") }}')
{%- endmacro %}
