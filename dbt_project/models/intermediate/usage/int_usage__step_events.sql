-- One row an event of a step of a funnel or of an activation, with the person whose it is; bots' and excluded persons' events
-- left out.
with steps as (
    select event_type from {{ ref('stg_registry__funnel_steps') }}
    union distinct
    select event_type from {{ ref('stg_registry__activation_steps') }}
),

-- An event of another type may be the one of which a step's event is a copy.
step_keys as (
    select distinct events.insert_id
    from {{ ref('int_usage__events') }} as events
    inner join steps on events.event_type = steps.event_type
),

events_to_compare as (
    select events.*
    from {{ ref('int_usage__events') }} as events
    inner join step_keys on events.insert_id = step_keys.insert_id
),

counted_whatever as (
    {{ counted_events('events_to_compare', [
        'event_date', 'device_hash', 'event_id', 'user_hash', 'event_type', 'user_agent', 'occurred_at', 'source'
    ]) }}
),

counted as (
    select counted_whatever.*
    from counted_whatever
    inner join steps on counted_whatever.event_type = steps.event_type
    where counted_whatever.event_date < {{ as_of_date() }}
),

by_people as (
    {{ events_of_people('counted', ['event_id', 'event_type', 'occurred_at', 'event_date']) }}
)

select
    event_id,
    person_id,
    account_id,
    event_type,
    occurred_at,
    event_date
from by_people
