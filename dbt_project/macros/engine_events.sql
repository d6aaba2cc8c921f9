{# What event exports ask of an engine; a part of engine.sql. #}

{# Milliseconds since 1970 (a number), as a UTC timestamp. #}
{% macro from_epoch_milliseconds(milliseconds) -%}
    {{ adapter.dispatch('from_epoch_milliseconds')(milliseconds) }}
{%- endmacro %}
{% macro duckdb__from_epoch_milliseconds(milliseconds) -%}
    make_timestamp(cast({{ milliseconds }} as bigint) * 1000)
{%- endmacro %}

{# What the clock on the wall of a time zone shows, as a UTC timestamp. Of an hour that comes twice, the later one. #}
{% macro from_wall_clock(timestamp, zone) -%}
    {{ adapter.dispatch('from_wall_clock')(timestamp, zone) }}
{%- endmacro %}
{% macro duckdb__from_wall_clock(timestamp, zone) -%}
    ({{ timestamp }} at time zone '{{ zone }}' at time zone 'UTC')
{%- endmacro %}

{# What the clock on the wall of a time zone shows at a UTC timestamp. #}
{% macro to_wall_clock(timestamp, zone) -%}
    {{ adapter.dispatch('to_wall_clock')(timestamp, zone) }}
{%- endmacro %}
{% macro duckdb__to_wall_clock(timestamp, zone) -%}
    ({{ timestamp }} at time zone 'UTC' at time zone '{{ zone }}')
{%- endmacro %}

{# An object inside a JSON text, without some of its properties, as text. #}
{% macro json_object_without(json_text, object, names) -%}
    {{ adapter.dispatch('json_object_without')(json_text, object, names) }}
{%- endmacro %}
{% macro duckdb__json_object_without(json_text, object, names) -%}
    cast(json_merge_patch(
        json_extract({{ json_text }}, '$.{{ object }}'),
        '{ {%- for name in names %}"{{ name }}":null{{ "," if not loop.last }}{% endfor -%} }'
    ) as varchar)
{%- endmacro %}
