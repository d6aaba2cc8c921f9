{# Everything that differs between SQL engines, in one place. A further engine adds its `<adapter>__` macros here;
   no model holds SQL that only one engine knows. #}

{# ---- JSON ---- #}

{# Parses a JSON text once into a struct. `shape` is a nested mapping of names to column types. #}
{% macro parse_json(json_text, shape) -%}
    {{ adapter.dispatch('parse_json')(json_text, shape) }}
{%- endmacro %}
{% macro duckdb__parse_json(json_text, shape) -%}
    from_json({{ json_text }}, '{{ tojson(shape) | replace("'", "''") }}')
{%- endmacro %}

{# A field of a parsed struct; `path` is a list of names. #}
{% macro struct_field(struct, path) -%}
    {{ adapter.dispatch('struct_field')(struct, path) }}
{%- endmacro %}
{% macro duckdb__struct_field(struct, path) -%}
    {{ struct }}{% for name in path %}['{{ name }}']{% endfor %}
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

{# A property of a JSON object as text; `name` is an SQL expression. #}
{% macro json_property(json_text, name) -%}
    {{ adapter.dispatch('json_property')(json_text, name) }}
{%- endmacro %}
{% macro duckdb__json_property(json_text, name) -%}
    json_extract_string({{ json_text }}, '$."' || {{ name }} || '"')
{%- endmacro %}

{# The first item of a JSON array of texts. #}
{% macro json_first_item(json_text) -%}
    {{ adapter.dispatch('json_first_item')(json_text) }}
{%- endmacro %}
{% macro duckdb__json_first_item(json_text) -%}
    json_extract_string({{ json_text }}, '$[0]')
{%- endmacro %}

{# Rows of a JSON array: a select of `columns` of `relation`, `item` (the item's JSON text; text items without
   quotes) and `item_number` (from 1). Rows without items are left out. #}
{% macro json_array_rows(relation, columns, json_text) -%}
    {{ adapter.dispatch('json_array_rows')(relation, columns, json_text) }}
{%- endmacro %}
{% macro duckdb__json_array_rows(relation, columns, json_text) -%}
    select
        {{ columns | join(', ') }},
        case when json_type(item_json) = 'VARCHAR' then item_json ->> '$' else cast(item_json as varchar) end as item,
        item_number
    from (
        select
            {{ columns | join(', ') }},
            unnest(from_json({{ json_text }}, '["JSON"]')) as item_json,
            generate_subscripts(from_json({{ json_text }}, '["JSON"]'), 1) as item_number
        from {{ relation }}
    ) as items
{%- endmacro %}

{# Items of a JSON array of texts that are equal to one text. #}
{% macro json_array_contains(json_text, item) -%}
    {{ adapter.dispatch('json_array_contains')(json_text, item) }}
{%- endmacro %}
{% macro duckdb__json_array_contains(json_text, item) -%}
    list_contains(from_json({{ json_text }}, '["VARCHAR"]'), {{ item }})
{%- endmacro %}

{# Every place in a text that fits a pattern: a select of `columns` of `relation`, `item` and `item_number` (from 1).
   Rows without such a place are left out. #}
{% macro text_match_rows(relation, columns, text, pattern) -%}
    {{ adapter.dispatch('text_match_rows')(relation, columns, text, pattern) }}
{%- endmacro %}
{% macro duckdb__text_match_rows(relation, columns, text, pattern) -%}
    select
        {{ columns | join(', ') }},
        unnest(regexp_extract_all({{ text }}, '{{ pattern }}')) as item,
        generate_subscripts(regexp_extract_all({{ text }}, '{{ pattern }}'), 1) as item_number
    from {{ relation }}
{%- endmacro %}

{# ---- Time ---- #}

{# A text with or without an offset (then UTC), as a UTC timestamp; null when it is none. #}
{% macro parse_timestamp(text) -%}
    {{ adapter.dispatch('parse_timestamp')(text) }}
{%- endmacro %}
{% macro duckdb__parse_timestamp(text) -%}
    cast(try_cast({{ text }} as timestamptz) as timestamp)
{%- endmacro %}

{# The calendar date of a UTC timestamp in the reporting time zone. #}
{% macro reporting_date(timestamp) -%}
    {{ adapter.dispatch('reporting_date')(timestamp) }}
{%- endmacro %}
{% macro duckdb__reporting_date(timestamp) -%}
    cast({{ timestamp }} at time zone 'UTC' at time zone '{{ var("reporting_time_zone") }}' as date)
{%- endmacro %}

{# The moment at which a date begins in the reporting time zone, as a UTC timestamp. #}
{% macro reporting_midnight(date) -%}
    {{ adapter.dispatch('reporting_midnight')(date) }}
{%- endmacro %}
{% macro duckdb__reporting_midnight(date) -%}
    (cast({{ date }} as timestamp) at time zone '{{ var("reporting_time_zone") }}' at time zone 'UTC')
{%- endmacro %}

{# Seconds since 1970 (a number or its text), as a UTC timestamp. #}
{% macro from_epoch_seconds(seconds) -%}
    {{ adapter.dispatch('from_epoch_seconds')(seconds) }}
{%- endmacro %}
{% macro duckdb__from_epoch_seconds(seconds) -%}
    make_timestamp(cast({{ seconds }} as bigint) * 1000000)
{%- endmacro %}

{# Whole seconds since 1970 of a UTC timestamp, cut down. #}
{% macro epoch_seconds(timestamp) -%}
    {{ adapter.dispatch('epoch_seconds')(timestamp) }}
{%- endmacro %}
{% macro duckdb__epoch_seconds(timestamp) -%}
    cast(floor(epoch({{ timestamp }})) as bigint)
{%- endmacro %}

{# ---- Text and numbers ---- #}

{# Keyed hash of a personal identifier: 32 hexadecimal digits, the same on every run with the same key. #}
{% macro pseudonym(text) -%}
    {{ adapter.dispatch('pseudonym')(text) }}
{%- endmacro %}
{% macro duckdb__pseudonym(text) -%}
    left(sha256(getvariable('pops_pseudonym_key') || '|' || cast({{ text }} as varchar)), 32)
{%- endmacro %}

{# Does a text contain another one? #}
{% macro contains_text(text, part) -%}
    {{ adapter.dispatch('contains_text')(text, part) }}
{%- endmacro %}
{% macro duckdb__contains_text(text, part) -%}
    contains({{ text }}, {{ part }})
{%- endmacro %}

{# Continuous percentile of a group; `share` between 0 and 1. #}
{% macro percentile(expression, share) -%}
    {{ adapter.dispatch('percentile')(expression, share) }}
{%- endmacro %}
{% macro default__percentile(expression, share) -%}
    cast(percentile_cont({{ share }}) within group (order by {{ expression }}) as double)
{%- endmacro %}
