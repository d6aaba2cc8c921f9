{# First day of the wave of a survey in which a date lies; `wave` is week, month or quarter. #}
{% macro survey_wave_start(wave, date) -%}
    case {{ wave }}
        when 'week' then {{ week_start(date) }}
        when 'month' then cast({{ dbt.date_trunc('month', date) }} as date)
        else cast({{ dbt.date_trunc('quarter', date) }} as date)
    end
{%- endmacro %}
