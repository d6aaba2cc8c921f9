-- One row a day (reporting zone), identity, account named by the event, feature, kind of event and the set of tools that
-- saw it: an event of several tools is one event. An identity is an
-- app user; or, for an event without one, a device at a moment, since whose the device is depends on the moment.
-- Persons, merges and log-ins are applied when this table is read, so news about them restate history with no
-- rebuild. A day is rebuilt when its number of countable raw events or the registry's event rules are others than those
-- of which it was built; and when a day that is has events that may be copies of its own.
{{ config(materialized='incremental', unique_key='event_date', partition_by='event_date') }}

-- Copies are `copy_days` apart at most, which may touch one more date.
{% set copy_dates = var('copy_days') + 1 %}

with registry_rules as (
    select 'feature' as kind, feature_id, event_type, property_name, property_value
    from {{ ref('stg_registry__feature_events') }}
    union all
    select exclusion_id as kind, null, value, null, null
    from {{ ref('stg_registry__exclusions') }}
    where exclusion_id in ('passive_events', 'tools_own_events', 'bot_user_agents')
),

ruled as (
    select
        kind,
        feature_id,
        event_type,
        property_name,
        property_value,
        kind || '|' || coalesce(feature_id, '') || '|' || event_type || '|' || coalesce(property_name, '')
        || '|' || coalesce(property_value, '') as rule_text
    from registry_rules
),

rules_version as (
    select md5(coalesce({{ joined_texts("rule_text", "','") }}, '')) as rules_version
    from ruled
),

days as (
    select
        events.event_date,
        rules_version.rules_version,
        count(*) as raw_event_count
    from {{ ref('int_usage__events') }} as events
    cross join rules_version
    where events.quarantine_reason is null and not events.is_zero_user
    group by events.event_date, rules_version.rules_version
),

changed_days as (
    select days.event_date, days.raw_event_count, days.rules_version
    from days
    {%- if is_incremental() %}
    left join (
        select event_date, max(raw_event_count) as raw_event_count, max(rules_version) as rules_version
        from {{ this }}
        group by event_date
    ) as built on days.event_date = built.event_date
    where
        built.event_date is null
        or built.raw_event_count <> days.raw_event_count
        or built.rules_version <> days.rules_version
    {%- endif %}
),

{% if is_incremental() -%}
-- Nobody's copy is further away, whatever the hour.
days_around as (
    select distinct days.event_date, changed_days.event_date is not null as is_changed
    from days
    inner join changed_days as centre
        on days.event_date between {{ add_days('centre.event_date', -copy_dates) }} and {{ add_days('centre.event_date', copy_dates) }}
    left join changed_days on days.event_date = changed_days.event_date
),

keys_around as (
    select
        events.event_date,
        events.insert_id,
        coalesce(events.device_hash, events.user_hash) as sender_hash,
        days_around.is_changed
    from {{ ref('int_usage__events') }} as events
    inner join days_around on events.event_date = days_around.event_date
    where events.quarantine_reason is null and not events.is_zero_user
),

changed_keys as (
    select distinct insert_id, sender_hash
    from keys_around
    where is_changed
),

days_with_copies as (
    select distinct keys_around.event_date
    from keys_around
    inner join changed_keys
        on keys_around.insert_id = changed_keys.insert_id and keys_around.sender_hash = changed_keys.sender_hash
    where not keys_around.is_changed
),

{% endif -%}
days_to_build as (
    select event_date, raw_event_count, rules_version
    from changed_days
    {%- if is_incremental() %}
    union all
    select days.event_date, days.raw_event_count, days.rules_version
    from days
    inner join days_with_copies on days.event_date = days_with_copies.event_date
    {%- endif %}
),

{% if is_incremental() -%}
days_to_read as (
    select distinct days.event_date
    from days
    inner join days_to_build as centre
        on days.event_date between {{ add_days('centre.event_date', -copy_dates) }} and {{ add_days('centre.event_date', copy_dates) }}
),

{% endif -%}
events_to_compare as (
    select events.*
    from {{ ref('int_usage__events') }} as events
    {%- if is_incremental() %}
    inner join days_to_read on events.event_date = days_to_read.event_date
    {%- endif %}
),

counted as (
    {{ counted_events('events_to_compare', [
        'event_date', 'device_hash', 'user_hash', 'app_account_id', 'event_type', 'event_properties', 'user_agent',
        'occurred_at'
    ], seen_by=true) }}
),

counted_of_days as (
    select counted.*, days_to_build.raw_event_count, days_to_build.rules_version
    from counted
    inner join days_to_build on counted.event_date = days_to_build.event_date
),

bot_agents as (
    select agents.user_agent
    from (select distinct user_agent from counted_of_days where user_agent is not null) as agents
    inner join ruled
        on
            ruled.kind = 'bot_user_agents'
            and {{ contains_text('agents.user_agent', 'lower(ruled.event_type)') }}
    group by agents.user_agent
),

passive_types as (
    select distinct event_type from ruled where kind in ('passive_events', 'tools_own_events')
),

classified as (
    select
        counted_of_days.*,
        bot_agents.user_agent is not null as is_bot,
        passive_types.event_type is not null as is_passive
    from counted_of_days
    left join bot_agents on counted_of_days.user_agent = bot_agents.user_agent
    left join passive_types on counted_of_days.event_type = passive_types.event_type
),

feature_rules as (
    select feature_id, event_type, property_name, property_value from ruled where kind = 'feature'
),

-- Features with the same event each count it as a use of theirs.
with_features as (
    select
        classified.*,
        case when classified.is_passive then '(passive)' else coalesce(rules.feature_id, '(unmapped)') end as feature_id
    from classified
    left join feature_rules as rules
        on
            classified.event_type = rules.event_type
            and (
                rules.property_name is null
                or {{ json_property('classified.event_properties', 'rules.property_name') }} = rules.property_value
            )
),

aggregated as (
    select
        event_date,
        case when user_hash is null then 'device' else 'user' end as identity_type,
        coalesce(user_hash, device_hash) as identity_key,
        case when user_hash is null then occurred_at end as device_used_at,
        app_account_id,
        feature_id,
        is_bot,
        is_passive,
        seen_by,
        raw_event_count,
        rules_version,
        cast(count(*) as bigint) as event_count,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at
    from with_features
    group by
        event_date,
        case when user_hash is null then 'device' else 'user' end,
        coalesce(user_hash, device_hash),
        case when user_hash is null then occurred_at end,
        app_account_id,
        feature_id,
        is_bot,
        is_passive,
        seen_by,
        raw_event_count,
        rules_version
)

select
    event_date,
    identity_type,
    identity_key,
    device_used_at,
    app_account_id,
    feature_id,
    is_bot,
    is_passive,
    seen_by,
    raw_event_count,
    rules_version,
    event_count,
    first_event_at,
    last_event_at
from aggregated
union all
-- All of whose events are copies of an earlier day's: the row takes the place of what the day was built of before.
select
    days_to_build.event_date,
    null as identity_type,
    null as identity_key,
    null as device_used_at,
    null as app_account_id,
    '(none)' as feature_id,
    false as is_bot,
    false as is_passive,
    null as seen_by,
    days_to_build.raw_event_count,
    days_to_build.rules_version,
    0 as event_count,
    null as first_event_at,
    null as last_event_at
from days_to_build
left join (select distinct event_date from aggregated) as counted_days
    on days_to_build.event_date = counted_days.event_date
where counted_days.event_date is null
