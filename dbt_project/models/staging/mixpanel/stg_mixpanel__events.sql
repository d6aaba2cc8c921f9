-- One row a raw version of an event, duplicates and quarantined events included (int models leave them out with
-- `counted_events`). Only loads that are not in this table yet are parsed.
{{ config(materialized='incremental', incremental_strategy='append') }}

-- Projects made before 2023 export what the clock on their wall showed; a change asks for a full refresh of this model.
{% set zones = [] %}
{% for name in instances_of('mixpanel') -%}
    {%- do zones.append(env_var('POPS_' ~ name | upper ~ '_PROJECT_TIMEZONE', '') or 'UTC') -%}
{%- endfor %}
-- Who sent an event, from where, and the sender's equipment.
{% set not_kept = [
    'distinct_id', '$user_id', '$device_id', '$email', '$name', '$insert_id', '$distinct_id_before_identity', 'ip', '$ip',
    '$city', '$region', '$latitude', '$longitude', '$current_url', '$referrer', '$initial_referrer', 'time',
    'mp_processing_time_ms',
] %}
{% set staged = [
    ('properties.$insert_id', 'insert_id', 'text'),
    ('properties.distinct_id', 'distinct_id', 'text'),
    ('properties.$device_id', 'device_id', 'text'),
    ('properties.$user_id', 'user_id', 'text'),
    ('properties.$os', 'platform', 'text'),
    ('properties.time', 'time_milliseconds', 'integer'),
    ('properties.mp_processing_time_ms', 'processed_milliseconds', 'integer'),
] %}
{# Groups and what is known of a user stand among an event's properties, whatever kind of place they are. #}
{% set columns = {} %}
{% for path, column, type in staged -%} {%- do columns.update({path[11:]: column}) -%} {%- endfor %}
{% for name in mapped_names('mixpanel', ['account', 'user', 'email', 'user_agent']) if name not in columns -%}
    {%- do columns.update({name: 'mapped_' ~ loop.index}) -%}
    {%- do staged.append((['properties', name], columns[name], 'json')) -%}
{%- endfor %}
{% do not_kept.extend(mapped_names('mixpanel', ['account', 'user', 'email'])) %}

with new_events as (
    select
        record_id,
        record_version,
        extracted_at,
        is_deleted,
        load_id,
        record,
        -- A warehouse on the way may have kept the properties as a text of JSON.
        case
            when {{ contains_text('record', "':\"{'") }} or {{ contains_text('record', "': \"{'") }}
                then {{ json_member('record', "'properties'") }}
        end as kept_properties
    from {{ raw('mixpanel', 'events') }}
    {%- if is_incremental() %}
    where load_id in (
        select load_id from {{ raw('mixpanel', 'events') }}
        except
        select load_id from {{ this }}
    )
    {%- endif %}
),

unwrapped as (
    select
        record_id,
        record_version,
        extracted_at,
        is_deleted,
        load_id,
        case
            when kept_properties is null then record
            else
                '{"event": ' || coalesce({{ json_member('record', "'event'") }}, 'null') || ', "properties": '
                || {{ json_unwrapped('kept_properties') }} || '}'
        end as record
    from new_events
),

parsed as (
    {{ stage_records('unwrapped', [('event', 'event_type', 'text')] + staged, further_columns=['load_id', 'record']) }}
),

-- Who has logged in is known by the user id alone; before, the device's id stands in its place, with a prefix in newer
-- projects.
identified as (
    select
        *,
        coalesce(
            nullif(device_id, ''),
            case when distinct_id like '$device:%' then nullif(substring(distinct_id, 9), '') end
        ) as sending_device_id,
        {{ mapped_column('mixpanel', 'account', columns) }} as app_account_id,
        {{ mapped_column('mixpanel', 'email', columns) }} as email,
        lower({{ mapped_column('mixpanel', 'user_agent', columns) }}) as user_agent,
        coalesce(
            {{ mapped_column('mixpanel', 'user', columns) }},
            nullif(user_id, ''),
            case when distinct_id not like '$device:%' and distinct_id <> coalesce(device_id, '') then nullif(distinct_id, '') end
        ) as sending_user_id,
        {{ from_epoch('time_milliseconds') }} as shown_at,
        {{ from_epoch('processed_milliseconds') }} as processed_at
    from parsed
),

timed as (
    select
        *,
        {% set moments = [] -%}
        {%- for zone in zones -%} {%- do moments.append(mixpanel_moment(zone)) -%} {%- endfor -%}
        {{ by_instance('mixpanel', moments) }} as occurred_at
    from identified
),

renamed as (
    select
        record_id as event_id,
        load_id,
        event_type,
        coalesce(nullif(insert_id, ''), record_id) as insert_id,
        app_account_id,
        {{ pseudonym('sending_device_id') }} as device_hash,
        {{ pseudonym('sending_user_id') }} as user_hash,
        {{ email_hash('email') }} as email_hash,
        {{ email_domain_hash('email') }} as email_domain_hash,
        platform,
        user_agent,
        {{ json_object_without('record', 'properties', not_kept) }} as event_properties,
        {{ is_zero_user('sending_user_id') }} as is_zero_user,
        occurred_at,
        -- The vendor does not say when it received an event.
        processed_at as received_at,
        processed_at as uploaded_at,
        coalesce(processed_at, extracted_at) as known_at,
        {{ reporting_date('occurred_at') }} as event_date
    from timed
)

{{ usage_event_rows('renamed') }}
