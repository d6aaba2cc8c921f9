{# The tools whose events are the product's usage: each has a model stg_<tool>__events with the same columns. #}
{% macro analytics_tools() -%}
    {{ return(['amplitude', 'mixpanel']) }}
{%- endmacro %}

{# The events of `relation` (rows of int_usage__events) that count: neither quarantined, nor of the zero user id, and of
   several copies with the same device and insert id, whichever tools they come from, the one that was processed last.
   Bots are still in. With `seen_by` there is a column of that name: the tools that saw the event, as |one|other|. #}
{% macro counted_events(relation, columns, seen_by=false) -%}
    select {{ columns | join(', ') }} {{- ', seen_by' if seen_by }}
    from (
        select
            {{ columns | join(', ') }},
            {%- if seen_by %}
            {%- for tool in analytics_tools() %}
            case
                when max(case when source = '{{ tool }}' then 1 else 0 end)
                    over (partition by event_date, device_hash, insert_id) = 1 then '|{{ tool }}'
                else ''
            end ||
            {%- endfor %} '|' as seen_by,
            {%- endif %}
            row_number() over (
                partition by event_date, device_hash, insert_id
                order by uploaded_at desc nulls last, source asc, load_id desc, event_id asc
            ) as copy_number
        from {{ relation }}
        where quarantine_reason is null and not is_zero_user
    ) as copies
    where copy_number = 1
{%- endmacro %}

{# Did a tool (an SQL text) see the events of a row? `seen_by` is the column that counted_events gives. #}
{% macro is_seen_by(seen_by, tool) -%}
    {{ contains_text(seen_by, "'|' || " ~ tool ~ " || '|'") }}
{%- endmacro %}

{# Complete weeks of the data: (week_start, week_end), from the first day of history to the as-of date. #}
{% macro complete_weeks() -%}
    select distinct days.week_start, days.week_end
    from {{ ref('int_calendar__days') }} as days
    cross join {{ ref('int_usage__horizon') }} as horizon
    where days.week_end >= horizon.starts_on and days.week_end < {{ as_of_date() }}
{%- endmacro %}
