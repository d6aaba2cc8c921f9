-- Grain: one row a day (reporting zone) and analytics tool: the active users it saw beside those that all tools together
-- saw, and so those it missed. Days before a tool's first event are left out; excluded persons, bots and passive events
-- too, as in fct_usage_daily. A tool that is off has no rows.
with tools as (
    select source, min(event_date) as first_date
    from {{ ref('int_usage__events') }}
    where quarantine_reason is null
    group by source
),

active as (
    select
        days.person_id,
        days.event_date,
        days.seen_by,
        sum(days.event_count) as event_count
    from {{ ref('int_usage__person_days') }} as days
    inner join {{ ref('int_identity__persons') }} as persons
        on days.person_id = persons.person_id and not persons.is_excluded
    where not days.is_bot and not days.is_passive
    group by days.person_id, days.event_date, days.seen_by
),

counts as (
    select
        active.event_date,
        tools.source,
        count(distinct active.person_id) as all_user_count,
        count(distinct case when {{ is_seen_by('active.seen_by', 'tools.source') }} then active.person_id end)
            as active_user_count,
        sum(active.event_count) as all_event_count,
        sum(case when {{ is_seen_by('active.seen_by', 'tools.source') }} then active.event_count else 0 end) as event_count,
        sum(case when active.seen_by = '|' || tools.source || '|' then active.event_count else 0 end) as only_event_count
    from active
    inner join tools on active.event_date >= tools.first_date
    group by active.event_date, tools.source
)

select
    event_date,
    source,
    cast(active_user_count as bigint) as active_user_count,
    cast(all_user_count as bigint) as all_user_count,
    cast(all_user_count - active_user_count as bigint) as missed_user_count,
    cast(all_user_count - active_user_count as double) / nullif(all_user_count, 0) as missed_user_share,
    cast(event_count as bigint) as event_count,
    cast(all_event_count as bigint) as all_event_count,
    cast(only_event_count as bigint) as only_event_count
from counts
