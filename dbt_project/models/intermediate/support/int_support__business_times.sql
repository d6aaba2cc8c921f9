-- Grain: one row a ticket with something measured: the same spans as in int_support__tickets, in seconds within the business
-- hours of every schedule that held in them. 0 when entirely out of hours, null where a part has no hours at all.
with tickets as (
    select
        ticket_id,
        created_at,
        reply_clock_at,
        first_reply_at,
        first_solved_at,
        solved_at
    from {{ ref('int_support__tickets') }}
),

spans as (
    select ticket_id, 'first_reply' as measure, reply_clock_at as started_at, first_reply_at as ended_at
    from tickets
    where first_reply_at is not null
    union all
    select ticket_id, 'first_resolution' as measure, created_at as started_at, first_solved_at as ended_at
    from tickets
    where first_solved_at is not null
    union all
    select ticket_id, 'full_resolution' as measure, created_at as started_at, solved_at as ended_at
    from tickets
    where solved_at is not null
    union all
    select
        stays.ticket_id,
        case when stays.status = 'pending' then 'agent_wait' else 'requester_wait' end as measure,
        stays.started_at,
        stays.ended_at
    from {{ ref('int_support__status_intervals') }} as stays
    inner join tickets
        on stays.ticket_id = tickets.ticket_id
    where
        stays.status in ('new', 'open', 'hold', 'pending')
        and stays.ended_at <= tickets.solved_at
    union all
    -- Nobody waited: no seconds, and not an unknown number of them.
    {% for measure in ['requester_wait', 'agent_wait'] -%}
    select ticket_id, '{{ measure }}' as measure, solved_at as started_at, solved_at as ended_at
    from tickets
    where solved_at is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

parts as (
    select
        spans.ticket_id,
        spans.measure,
        schedules.schedule_id,
        greatest(spans.started_at, schedules.valid_from) as started_at,
        least(spans.ended_at, coalesce(schedules.valid_to, spans.ended_at)) as ended_at
    from spans
    inner join {{ ref('int_support__ticket_schedules') }} as schedules
        on spans.ticket_id = schedules.ticket_id
    where
        schedules.valid_from <= spans.ended_at
        and coalesce(schedules.valid_to > spans.started_at, true)
        and coalesce(schedules.valid_to > schedules.valid_from, true)
        -- A stretch that begins where the span ends holds nothing of it, unless the span is that moment alone.
        and (schedules.valid_from < spans.ended_at or spans.started_at = spans.ended_at)
),

zones as (
    select distinct
        schedule_id,
        time_zone
    from {{ ref('int_calendar__business_days') }}
),

moments as (
    select schedule_id, started_at as moment
    from parts
    union
    select schedule_id, ended_at as moment
    from parts
),

dated as (
    select
        moments.schedule_id,
        moments.moment,
        cast({{ to_wall_clock('moments.moment', 'zones.time_zone') }} as date) as date_day
    from moments
    inner join zones
        on moments.schedule_id = zones.schedule_id
),

clocks as (
    select
        dated.schedule_id,
        dated.moment,
        min(days.seconds_before) + sum(
            case
                when days.opens_at < dated.moment
                    then {{ seconds_between('days.opens_at', 'least(dated.moment, days.closes_at)') }}
                else 0
            end
        ) as seconds_until
    from dated
    inner join {{ ref('int_calendar__business_days') }} as days
        on
            dated.schedule_id = days.schedule_id
            and dated.date_day = days.date_day
    group by dated.schedule_id, dated.moment
),

measured as (
    select
        parts.ticket_id,
        parts.measure,
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
    group by parts.ticket_id, parts.measure
)

select
    ticket_id,
    {% for measure in ['first_reply', 'first_resolution', 'full_resolution', 'requester_wait', 'agent_wait'] -%}
    cast(max(case when measure = '{{ measure }}' then business_seconds end) as bigint) as {{ measure }}_business_seconds
    {%- if not loop.last %},{% endif %}
    {% endfor -%}
from measured
group by ticket_id
