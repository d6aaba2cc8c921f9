{# Texts, numbers and casts, as each engine has them; a part of engine.sql. #}

{# A text as an SQL literal, whatever it holds: two quotes in a row are two literals on some engines, and a backslash escapes. #}
{% macro text_literal(text) -%}
    {{ adapter.dispatch('text_literal')(text) }}
{%- endmacro %}
{% macro duckdb__text_literal(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}

{# A value as bigint, double, boolean or date; null when it does not fit. So is what not every engine can hold or count
   with: a double that is no finite number, a date outside the years 1 to 9999. Not dbt's safe_cast: that one is a plain
   cast on some engines, where one odd value then stops a night, and dbt casts the rows of unit tests with it, where
   an odd value is a mistake to be told. #}
{% macro try_cast(value, type) -%}
    {%- if type not in ('bigint', 'double', 'boolean', 'date') -%}
        {{ exceptions.raise_compiler_error(
            "try_cast casts to bigint, double, boolean or date, not to " ~ type ~ ": see macros/engine_text.sql."
        ) }}
    {%- endif -%}
    {{ adapter.dispatch('try_cast')(value, type) }}
{%- endmacro %}
{% macro duckdb__try_cast(value, type) -%}
    {%- set cast_value = 'try_cast(' ~ value ~ ' as ' ~ type ~ ')' -%}
    {%- if type == 'double' -%}
        case when isfinite({{ cast_value }}) then {{ cast_value }} end
    {%- elif type == 'date' -%}
        case when {{ cast_value }} between date '0001-01-01' and date '9999-12-31' then {{ cast_value }} end
    {%- else -%}
        {{ cast_value }}
    {%- endif -%}
{%- endmacro %}

{# A part of a text between separators, from 1; an empty text when there is none. `text` and `separator` are SQL. Not
   dbt's split_part, which raises on some engines when there are fewer parts. #}
{% macro text_part(text, separator, number) -%}
    {{ adapter.dispatch('text_part')(text, separator, number) }}
{%- endmacro %}
{% macro duckdb__text_part(text, separator, number) -%}
    split_part({{ text }}, {{ separator }}, {{ number }})
{%- endmacro %}

{# The texts of a group in one, `separator` (SQL) between them, in the order of the texts. Not dbt's
   listagg, which forgets the order on some engines. #}
{% macro joined_texts(text, separator) -%}
    {{ adapter.dispatch('joined_texts')(text, separator) }}
{%- endmacro %}
{% macro duckdb__joined_texts(text, separator) -%}
    string_agg({{ text }}, {{ separator }} order by {{ text }})
{%- endmacro %}

{# Names of the functions that give the greatest and the least of their arguments, those that are null left out. #}
{% macro greatest() -%}
    {{ adapter.dispatch('greatest')() }}
{%- endmacro %}
{% macro default__greatest() -%}
    greatest
{%- endmacro %}
{% macro least() -%}
    {{ adapter.dispatch('least')() }}
{%- endmacro %}
{% macro default__least() -%}
    least
{%- endmacro %}

{# Does a text contain another one? #}
{% macro contains_text(text, part) -%}
    {{ adapter.dispatch('contains_text')(text, part) }}
{%- endmacro %}
{% macro duckdb__contains_text(text, part) -%}
    contains({{ text }}, {{ part }})
{%- endmacro %}

{# What the first group of a pattern holds at the first place in a text that fits it; null without such a place. #}
{% macro text_capture(text, pattern) -%}
    {{ adapter.dispatch('text_capture')(text, pattern) }}
{%- endmacro %}
{% macro duckdb__text_capture(text, pattern) -%}
    nullif(regexp_extract({{ text }}, '{{ pattern }}', 1), '')
{%- endmacro %}

{# The letters and digits of a text, of any script, in lower case: that of "Won't Fix" is that of "wont-fix". Null when it
   has none. #}
{% macro text_key(text) -%}
    {{ adapter.dispatch('text_key')(text) }}
{%- endmacro %}
{% macro duckdb__text_key(text) -%}
    nullif(regexp_replace(lower({{ text }}), '[^\p{L}\p{N}]', '', 'g'), '')
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

{# Keyed hash of a personal identifier: 32 hexadecimal digits, the same on every run with the same key. #}
{% macro pseudonym(text) -%}
    {{ adapter.dispatch('pseudonym')(text) }}
{%- endmacro %}
{% macro duckdb__pseudonym(text) -%}
    left(sha256(getvariable('pops_pseudonym_key') || '|' || cast({{ text }} as varchar)), 32)
{%- endmacro %}

{# Continuous percentile of a group; `share` between 0 and 1. #}
{% macro percentile(expression, share) -%}
    {{ adapter.dispatch('percentile')(expression, share) }}
{%- endmacro %}
{% macro default__percentile(expression, share) -%}
    cast(percentile_cont({{ share }}) within group (order by {{ expression }}) as double)
{%- endmacro %}
