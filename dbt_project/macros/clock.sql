{# The only clock of the project. `as_of` is a date in the reporting time zone: a build counts what happened before
   that date began. No model asks the engine what day it is. #}

{# The date as SQL, marked: a night of an unchanged project runs the SQL of an earlier one with its own date. So what is
   made of the date is made in SQL, never while dbt compiles. #}
{% macro as_of_date() -%}
    {%- set as_of = var('as_of', none) -%}
    {#- A variable that differs from the last run's makes dbt parse the whole project again, so a schedule hands the
        date over in the environment, which is read only when SQL is run. -#}
    {%- if as_of is none and execute -%}
        {%- set as_of = env_var('POPS_AS_OF', '') or none -%}
    {%- endif -%}
    {%- if as_of is none -%}
        {%- if execute and flags.WHICH not in ['parse', 'list', 'ls'] -%}
            {{ exceptions.raise_compiler_error(
                "The variable as_of is missing: say for which date to build, such as --vars '{as_of: 2026-11-16}' or "
                "POPS_AS_OF=2026-11-16."
            ) }}
        {%- endif -%}
        {%- set as_of = '1900-01-01' -%}
    {%- endif -%}
    cast('{{ as_of }}' /* as_of */ as date)
{%- endmacro %}

{# The moment at which the as-of date begins in the reporting time zone, as a UTC timestamp. #}
{% macro as_of_at() -%}
    {{ reporting_midnight(as_of_date()) }}
{%- endmacro %}

{# First day of the week of a date, as the variable `week_starts_on` says. #}
{% macro week_start(date) -%}
    {%- if var('week_starts_on') == 'sunday' -%}
        {{ add_days(dbt.date_trunc('week', add_days(date, 1)), -1) }}
    {%- elif var('week_starts_on') == 'monday' -%}
        cast({{ dbt.date_trunc('week', date) }} as date)
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "The variable week_starts_on is '" ~ var('week_starts_on') ~ "': a week starts on monday or sunday."
        ) }}
    {%- endif -%}
{%- endmacro %}

{# A date moved by a number of days. #}
{% macro add_days(date, days) -%}
    cast({{ add_time('day', days, date) }} as date)
{%- endmacro %}

{# Whole seconds from one UTC timestamp to another, each cut down to its second first. #}
{% macro seconds_between(first, second) -%}
    ({{ epoch_seconds(second) }} - {{ epoch_seconds(first) }})
{%- endmacro %}
