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

measured as (
    {{ business_seconds_by('spans', ['ticket_id', 'measure']) }}
)

select
    ticket_id,
    {% for measure in ['first_reply', 'first_resolution', 'full_resolution', 'requester_wait', 'agent_wait'] -%}
    cast(max(case when measure = '{{ measure }}' then business_seconds end) as bigint) as {{ measure }}_business_seconds
    {%- if not loop.last %},{% endif %}
    {% endfor -%}
from measured
group by ticket_id
