{# Time, as each engine reckons it; a part of engine.sql. Every timestamp is UTC, without a zone. #}

{# A text with or without an offset (then UTC), as a UTC timestamp; null when it is none, or names a zone. So is one that not every engine
   can hold and move by a time zone: before the year 1, or from 9999-12-31 on. #}
{% macro parse_timestamp(text) -%}
    {{ adapter.dispatch('parse_timestamp')(text) }}
{%- endmacro %}
{% macro duckdb__parse_timestamp(text) -%}
    {#- The name of a zone would move the texts that DuckDB casts after it, too. What is no moment is an empty text here, so that `text`,
        which may be a whole record to be parsed, stands once: each place where it stands takes memory of its own. An offset after
        minutes is not cast. -#}
    {%- set whole = "regexp_replace(" ~ text
        ~ ", '^([0-9/-]+[T ][0-9]{1,2}:[0-9]{2})( ?UTC|Z|[+-][0-9:]+)$', '\\1:00\\2')" -%}
    {%- set moment = "try_cast(regexp_extract(" ~ whole ~ ", '^" ~ moment_pattern() ~ "$') as timestamptz)" -%}
    cast(case
        when {{ moment }} between timestamptz '0001-01-02 00:00:00+00' and timestamptz '9999-12-30 23:59:59.999999+00'
            then {{ moment }}
    end as timestamp)
{%- endmacro %}

{# What a moment is: a day, or a time of one, with an offset of less than 16 hours or none. #}
{% macro moment_pattern() -%}
    [0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]*)?)?( ?UTC|Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)?)?
{%- endmacro %}

{# Seconds or milliseconds since 1970 (a number or its text), as a UTC timestamp; null as with parse_timestamp. The unit is
   told by the size, because vendors change it from one endpoint to the next: 100,000,000,000 seconds are the year 5138,
   and as many milliseconds 1973. #}
{% macro from_epoch(units) -%}
    {{ adapter.dispatch('from_epoch')(units) }}
{%- endmacro %}
{% macro duckdb__from_epoch(units) -%}
    {%- set number = "try_cast(" ~ units ~ " as double)" -%}
    case
        when {{ number }} > -62135510400 and {{ number }} < 100000000000
            then make_timestamp(cast(floor({{ number }} * 1000) as bigint) * 1000)
        when {{ number }} >= 100000000000 and {{ number }} < 253402214400000
            then make_timestamp(cast(floor({{ number }}) as bigint) * 1000)
    end
{%- endmacro %}

{# Whole seconds since 1970 of a UTC timestamp, cut down. #}
{% macro epoch_seconds(timestamp) -%}
    {{ adapter.dispatch('epoch_seconds')(timestamp) }}
{%- endmacro %}
{% macro duckdb__epoch_seconds(timestamp) -%}
    cast(floor(epoch({{ timestamp }})) as bigint)
{%- endmacro %}

{# A timestamp moved by a number (an SQL expression) of hours or days. Not dbt's dateadd, which loses the fractions of
   seconds on some engines. #}
{% macro add_time(part, number, timestamp) -%}
    {{ adapter.dispatch('add_time')(part, number, timestamp) }}
{%- endmacro %}
{% macro duckdb__add_time(part, number, timestamp) -%}
    ({{ timestamp }} + cast({{ number }} as bigint) * interval 1 {{ part }})
{%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(first, second) -%}
    {{ adapter.dispatch('days_between')(first, second) }}
{%- endmacro %}
{% macro duckdb__days_between(first, second) -%}
    date_diff('day', cast({{ first }} as date), cast({{ second }} as date))
{%- endmacro %}

{# The calendar date of a UTC timestamp in the reporting time zone. #}
{% macro reporting_date(timestamp) -%}
    {{ adapter.dispatch('reporting_date')(timestamp) }}
{%- endmacro %}
{% macro duckdb__reporting_date(timestamp) -%}
    cast({{ timestamp }} at time zone 'UTC' at time zone '{{ var("reporting_time_zone") }}' as date)
{%- endmacro %}

{# The moment at which a date begins in the reporting time zone, as a UTC timestamp: where clocks change at midnight, the first of two, or
   the moment at which a day without one begins. #}
{% macro reporting_midnight(date) -%}
    {{ adapter.dispatch('reporting_midnight')(date) }}
{%- endmacro %}
{% macro duckdb__reporting_midnight(date) -%}
    {%- set later = from_wall_clock('cast(' ~ date ~ ' as timestamp)', "'" ~ var("reporting_time_zone") ~ "'") -%}
    {%- set earlier = add_time('hour', -1, later) -%}
    case when {{ reporting_date(earlier) }} = cast({{ date }} as date) then {{ earlier }} else {{ later }} end
{%- endmacro %}

{# What the clock on the wall of a time zone (SQL) shows, as a UTC timestamp. Of an hour that comes twice, the later one; an
   hour that is left out is the one after it. #}
{% macro from_wall_clock(timestamp, zone) -%}
    {{ adapter.dispatch('from_wall_clock')(timestamp, zone) }}
{%- endmacro %}
{% macro duckdb__from_wall_clock(timestamp, zone) -%}
    ({{ timestamp }} at time zone {{ zone }} at time zone 'UTC')
{%- endmacro %}

{# What the clock on the wall of a time zone (SQL) shows at a UTC timestamp. #}
{% macro to_wall_clock(timestamp, zone) -%}
    {{ adapter.dispatch('to_wall_clock')(timestamp, zone) }}
{%- endmacro %}
{% macro duckdb__to_wall_clock(timestamp, zone) -%}
    ({{ timestamp }} at time zone 'UTC' at time zone {{ zone }})
{%- endmacro %}
