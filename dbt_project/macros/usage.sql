{# The events of `relation` (rows of stg_amplitude__events) that count: neither quarantined, nor of the zero user id,
   and of several copies with the same device and insert id the one that was uploaded first. Bots are still in. #}
{% macro counted_events(relation, columns) -%}
    select {{ columns | join(', ') }}
    from (
        select
            {{ columns | join(', ') }},
            row_number() over (
                partition by event_date, device_hash, insert_id
                order by uploaded_at asc nulls last, event_id asc
            ) as copy_number
        from {{ relation }}
        where quarantine_reason is null and not is_zero_user
    ) as copies
    where copy_number = 1
{%- endmacro %}

{# Complete weeks of the data: (week_start, week_end), from the first day of history to the as-of date. #}
{% macro complete_weeks() -%}
    select distinct days.week_start, days.week_end
    from {{ ref('int_calendar__days') }} as days
    cross join {{ ref('int_usage__horizon') }} as horizon
    where days.week_end >= horizon.starts_on and days.week_end < {{ as_of_date() }}
{%- endmacro %}
