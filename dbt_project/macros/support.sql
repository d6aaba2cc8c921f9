{# The common status of a conversation: one that waits for the customer is pending, an answered one is closed; null for a
   state that nobody knows. #}
{% macro status_of_conversation(state) -%}
    case {{ state }} when 'open' then 'open' when 'snoozed' then 'pending' when 'closed' then 'closed' end
{%- endmacro %}

{# A status in the common words, lower case; null for any other text. #}
{% macro known_ticket_status(text) -%}
    case
        when lower({{ text }}) in ('new', 'open', 'pending', 'hold', 'solved', 'closed', 'deleted') then lower({{ text }})
    end
{%- endmacro %}

{# What a Zendesk rating says, good or bad; null while it is only offered, and for any other text. #}
{% macro zendesk_rating(score) -%}
    case when {{ score }} like 'good%' then 'good' when {{ score }} like 'bad%' then 'bad' end
{%- endmacro %}

{# An item of a list of tags as a tag; null for what is no text. #}
{% macro ticket_tag(item) -%}
    case when trim({{ item }}) <> '' and left(trim({{ item }}), 1) not in ('{', '[') then {{ item }} end
{%- endmacro %}

{# Business seconds up to each moment: (schedule_id, moment, seconds_until) for the rows (schedule_id, moment) of `relation`
   whose schedule has hours. What lies between two moments is the difference. #}
{% macro business_clocks(relation) -%}
    select
        dated.schedule_id,
        dated.moment,
        min(days.seconds_before) + sum(
            case
                when days.opens_at < dated.moment
                    then {{ seconds_between('days.opens_at', least() ~ '(dated.moment, days.closes_at)') }}
                else 0
            end
        ) as seconds_until
    from (
        select
            moments.schedule_id,
            moments.moment,
            cast({{ to_wall_clock('moments.moment', 'zones.time_zone') }} as date) as date_day
        from {{ relation }} as moments
        inner join (select distinct schedule_id, time_zone from {{ ref('int_calendar__business_days') }}) as zones
            on moments.schedule_id = zones.schedule_id
    ) as dated
    inner join {{ ref('int_calendar__business_days') }} as days
        on
            dated.schedule_id = days.schedule_id
            and dated.date_day = days.date_day
    group by dated.schedule_id, dated.moment
{%- endmacro %}

{# Seconds of spans within the business hours of every schedule that held in them: `keys` and business_seconds, summed over
   the rows (keys, ticket_id, started_at, ended_at) of `spans`; ticket_id is one of the keys or follows from them. 0 when
   entirely out of hours, null where a part has no hours at all. #}
{% macro business_seconds_by(spans, keys) -%}
    with parts as (
        select
            {% for key in keys -%}
            spans.{{ key }},
            {% endfor -%}
            schedules.schedule_id,
            {{ greatest() }}(spans.started_at, schedules.valid_from) as started_at,
            {{ least() }}(spans.ended_at, coalesce(schedules.valid_to, spans.ended_at)) as ended_at
        from {{ spans }} as spans
        inner join {{ ref('int_support__ticket_schedules') }} as schedules
            on spans.ticket_id = schedules.ticket_id
        where
            schedules.valid_from <= spans.ended_at
            and coalesce(schedules.valid_to > spans.started_at, true)
            and coalesce(schedules.valid_to > schedules.valid_from, true)
            -- A stretch that begins where the span ends holds nothing of it, unless the span is that moment alone.
            and (schedules.valid_from < spans.ended_at or spans.started_at = spans.ended_at)
    ),

    moments as (
        select schedule_id, started_at as moment
        from parts
        union
        select schedule_id, ended_at as moment
        from parts
    ),

    clocks as (
        {{ business_clocks('moments') }}
    )

    select
        {% for key in keys -%}
        parts.{{ key }},
        {% endfor -%}
        case
            when count(*) = count(ends.seconds_until - starts.seconds_until)
                then sum(ends.seconds_until - starts.seconds_until)
        end as business_seconds
    from parts
    left join clocks as starts
        on
            parts.schedule_id = starts.schedule_id
            and parts.started_at = starts.moment
    left join clocks as ends
        on
            parts.schedule_id = ends.schedule_id
            and parts.ended_at = ends.moment
    group by
        {% for key in keys -%}
        parts.{{ key }}{{ ', ' if not loop.last }}
        {%- endfor %}
{%- endmacro %}

{# A select of what happened to tickets, numbered in the order in which it happened: `ticket_id`, `columns` of `events`,
   `change_number` (from 1; at equal times by the ids, which are numbers in text: shorter means smaller) and `started_at`,
   which is never before the ticket's creation. It reads a CTE `tickets`, and may be followed by a condition. #}
{% macro numbered_ticket_events(events, columns) -%}
    select
        events.ticket_id,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        row_number() over (
            partition by events.ticket_id
            order by
                events.occurred_at asc,
                length(events.event_id) asc,
                events.event_id asc,
                events.child_number asc
        ) as change_number,
        {{ greatest() }}(events.occurred_at, tickets.created_at) as started_at
    from {{ events }} as events
    inner join tickets
        on events.ticket_id = tickets.ticket_id
{%- endmacro %}
