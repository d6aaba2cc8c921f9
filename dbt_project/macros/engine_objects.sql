{# The first property name of a JSON object; null when it has none. #}
{% macro json_first_name(json_text) -%}
    {{ adapter.dispatch('json_first_name')(json_text) }}
{%- endmacro %}
{% macro duckdb__json_first_name(json_text) -%}
    json_keys({{ json_text }})[1]
{%- endmacro %}

{# The number of property names of a JSON object; 0 when there is none. #}
{% macro json_name_count(json_text) -%}
    {{ adapter.dispatch('json_name_count')(json_text) }}
{%- endmacro %}
{% macro duckdb__json_name_count(json_text) -%}
    coalesce(len(json_keys({{ json_text }})), 0)
{%- endmacro %}

{# A text such as 12;34 as the JSON array of its parts; an empty array when there are none. #}
{% macro json_text_list(text, separator=';') -%}
    case
        when nullif(trim({{ text }}), '') is null then '[]'
        else '["' || replace(trim({{ text }}), '{{ separator }}', '","') || '"]'
    end
{%- endmacro %}
