{# The tools whose events are the product's usage: each has a model stg_<tool>__events with the same columns. #}
{% macro analytics_tools() -%}
    {{ return(['amplitude', 'mixpanel', 'posthog']) }}
{%- endmacro %}

{# Whether an id of a user is the one of no bits, which apps send that have lost the real one. #}
{% macro is_zero_user(user_id) -%}
    coalesce({{ user_id }} = '00000000-0000-0000-0000-000000000000', false)
{%- endmacro %}

{# The columns of every stg_<tool>__events, and why an event is quarantined, of a relation that has all others and `known_at`: when the
   event was there at the latest. #}
{% macro usage_event_rows(relation) -%}
select
    event_id,
    load_id,
    event_type,
    insert_id,
    app_account_id,
    device_hash,
    user_hash,
    email_hash,
    email_domain_hash,
    platform,
    user_agent,
    event_properties,
    case
        when occurred_at is null then 'no_event_time'
        when event_type is null then 'no_event_type'
        when device_hash is null and user_hash is null then 'nobody'
        when {{ is_ahead_of_receipt('occurred_at', 'known_at') }} then 'future'
    end as quarantine_reason,
    is_zero_user,
    occurred_at,
    received_at,
    uploaded_at,
    event_date
from {{ relation }}
{%- endmacro %}

{# When an event of Mixpanel happened, by what the clock on the wall of its project's zone showed (`shown_at`). #}
{% macro mixpanel_moment(zone) -%}
    {%- if zone == 'UTC' -%}
    shown_at
    {%- else -%}
    {#- The hour that comes twice: an event cannot have been processed before it happened. -#}
    {%- set later = from_wall_clock('shown_at', text_literal(zone)) -%}
    {%- set earlier = add_time('hour', -1, later) -%}
    case
        when {{ later }} > processed_at and {{ to_wall_clock(earlier, text_literal(zone)) }} = shown_at then {{ earlier }}
        else {{ later }}
    end
    {%- endif -%}
{%- endmacro %}

{# The vendor's whole key of an event in the rows of stg_<tool>__events, where it is more than sender and insert id.
   Mixpanel's (event, distinct_id, time, insert id) is the raw record's; one that two projects have is one event. #}
{% macro vendor_event_key(tool) -%}
    {{ {'mixpanel': unqualified('event_id')}.get(tool, 'cast(null as ' ~ dbt.type_string() ~ ')') }}
{%- endmacro %}

{# What the events of one sender share that may be one event: nulls are one value to a window, and only those without a
   device have a user here. #}
{% macro sender_key() -%}
    device_hash, case when device_hash is null then user_hash end, insert_id
{%- endmacro %}

{# The events of `relation` (rows of int_usage__events) that count: neither quarantined, nor of the zero user id, and of
   several copies one: the first, or of those that claim one moment the one that was processed last. Bots are still in.
   A copy is
   - an event that its tool holds for the same (`vendor_event_key`; without one the same sender and insert id) as one of the
     `copy_days` before it, which is how long Amplitude looks for repeats;
   - what another tool has of an event: of one sender and insert id within those days, the first of each tool.
   So `relation` needs, beside the events to be counted, those with the same sender and insert id of `copy_days` before and,
   for `seen_by`, after them. With `seen_by` there is a column of that name: the tools that saw the event, as |one|other|. #}
{% macro counted_events(relation, columns, seen_by=false) -%}
    {%- set in_order = 'order by occurred_at, uploaded_at desc nulls last, source, load_id desc, event_id' -%}
    {%- set copies_since = add_time('day', -var('copy_days'), 'occurred_at') -%}
    select {{ columns | join(', ') }} {{- ', seen_by' if seen_by }}
    from (
        select
            {{ columns | join(', ') }},
            {%- if seen_by %}
            {%- for tool in analytics_tools() %}
            case
                when max(case when source = '{{ tool }}' and not is_repeat then 1 else 0 end)
                    over (partition by {{ sender_key() }}, event_number) = 1 then '|{{ tool }}'
                else ''
            end ||
            {%- endfor %} '|' as seen_by,
            {%- endif %}
            is_copy
        from (
            select
                *,
                sum(case when is_copy then 0 else 1 end) over (partition by {{ sender_key() }} {{ in_order }}
                    rows between unbounded preceding and current row) as event_number
            from (
                select
                    *,
                    is_repeat or (is_of_this_sender and not is_of_this_tool) as is_copy
                from (
                    select
                        *,
                        coalesce(
                            lag(occurred_at) over (
                                partition by source, {{ sender_key() }}, vendor_event_key {{ in_order }}
                            ) >= {{ copies_since }},
                            false
                        ) as is_repeat,
                        coalesce(
                            lag(occurred_at) over (partition by source, {{ sender_key() }} {{ in_order }})
                            >= {{ copies_since }},
                            false
                        ) as is_of_this_tool,
                        coalesce(
                            lag(occurred_at) over (partition by {{ sender_key() }} {{ in_order }}) >= {{ copies_since }},
                            false
                        ) as is_of_this_sender
                    from {{ relation }}
                    where quarantine_reason is null and not is_zero_user
                ) as compared
            ) as judged
        ) as numbered
    ) as copies
    where not is_copy
{%- endmacro %}

{# The events of `relation` by people who count, with `person_id` and `account_id`: bots' and excluded people's are left out, and what
   a device sent before its user logged in is that user's. `relation` has the `columns`, user_hash, device_hash, user_agent, occurred_at. #}
{% macro events_of_people(relation, columns) -%}
    select
        {%- for column in columns %}
        owners.{{ column }},
        {%- endfor %}
        persons.person_id,
        persons.account_id
    from (
        select
            {%- for column in columns %}
            sent.{{ column }},
            {%- endfor %}
            case when coalesce(sent.user_hash, logins.user_hash) is null then 'device' else 'user' end as owner_type,
            coalesce(sent.user_hash, logins.user_hash, sent.device_hash) as owner_key
        from (
            select *, case when user_hash is null then device_hash end as anonymous_device_hash
            from {{ relation }}
        ) as sent
        left join (
            select agents.user_agent
            from (select distinct user_agent from {{ relation }} where user_agent is not null) as agents
            inner join {{ ref('stg_registry__exclusions') }} as patterns
                on
                    patterns.exclusion_id = 'bot_user_agents'
                    and {{ contains_text('agents.user_agent', 'lower(patterns.value)') }}
            group by agents.user_agent
        ) as bots
            on sent.user_agent = bots.user_agent
        left join {{ ref('int_identity__device_logins') }} as logins
            on
                sent.anonymous_device_hash = logins.device_hash
                and sent.occurred_at >= logins.valid_from
                and sent.occurred_at < logins.valid_to
        where bots.user_agent is null
    ) as owners
    inner join {{ ref('int_identity__person_keys') }} as keys
        on
            keys.source = 'app'
            and owners.owner_type = keys.identity_type
            and owners.owner_key = keys.identity_key
    inner join {{ ref('int_identity__persons') }} as persons
        on keys.person_id = persons.person_id and not persons.is_excluded
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

{# Why an event's time cannot be that of the event: dated more than an hour after the vendor had it, or after we had. #}
{% macro is_ahead_of_receipt(occurred_at, known_at) -%}
    {{ occurred_at }} > {{ add_time('hour', 1, known_at) }}
{%- endmacro %}

{# The lifecycle states of whoever `who` tells apart, from the rows (who, week_start) of `relation`: new in the first active
   week, current (active in this week and the one before), resurrected (active, but not in the week before), and dormant in
   the first week after an active one. Columns: who, week_start, lifecycle_state. #}
{% macro lifecycle_states(relation, who) -%}
    select
        {{ who }},
        week_start,
        case
            when previous_week_start is null then 'new'
            when previous_week_start = {{ add_days('week_start', -7) }} then 'current'
            else 'resurrected'
        end as lifecycle_state
    from (
        select {{ who }}, week_start, lag(week_start) over (partition by {{ who }} order by week_start) as previous_week_start
        from {{ relation }}
    ) as active
    union all
    select
        {{ who }},
        {{ add_days('week_start', 7) }} as week_start,
        'dormant' as lifecycle_state
    from (
        select {{ who }}, week_start, lead(week_start) over (partition by {{ who }} order by week_start) as next_week_start
        from {{ relation }}
    ) as left_off
    where next_week_start is null or next_week_start > {{ add_days('week_start', 7) }}
{%- endmacro %}
