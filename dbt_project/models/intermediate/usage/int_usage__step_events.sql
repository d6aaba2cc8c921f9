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

bot_patterns as (
    select lower(value) as pattern
    from {{ ref('stg_registry__exclusions') }}
    where exclusion_id = 'bot_user_agents'
),

bot_agents as (
    select agents.user_agent
    from (select distinct user_agent from counted where user_agent is not null) as agents
    inner join bot_patterns on {{ contains_text('agents.user_agent', 'bot_patterns.pattern') }}
    group by agents.user_agent
),

people as (
    select
        counted.*,
        case when counted.user_hash is null then counted.device_hash end as anonymous_device_hash
    from counted
    left join bot_agents on counted.user_agent = bot_agents.user_agent
    where bot_agents.user_agent is null
),

owners as (
    select
        people.event_id,
        people.event_type,
        people.occurred_at,
        people.event_date,
        case when coalesce(people.user_hash, logins.user_hash) is null then 'device' else 'user' end as owner_type,
        coalesce(people.user_hash, logins.user_hash, people.device_hash) as owner_key
    from people
    left join {{ ref('int_identity__device_logins') }} as logins
        on
            people.anonymous_device_hash = logins.device_hash
            and people.occurred_at >= logins.valid_from
            and people.occurred_at < logins.valid_to
)

select
    owners.event_id,
    persons.person_id,
    persons.account_id,
    owners.event_type,
    owners.occurred_at,
    owners.event_date
from owners
inner join {{ ref('int_identity__person_keys') }} as keys
    on
        keys.source = 'app'
        and owners.owner_type = keys.identity_type
        and owners.owner_key = keys.identity_key
inner join {{ ref('int_identity__persons') }} as persons
    on keys.person_id = persons.person_id and not persons.is_excluded
