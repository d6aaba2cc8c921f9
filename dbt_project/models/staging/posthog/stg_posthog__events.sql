-- One row a raw version of an event, duplicates and quarantined events included (int models leave them out with
-- `counted_events`). Only loads that are not in this table yet are parsed. Answers to surveys are read by another model.
{{ config(materialized='incremental', incremental_strategy='append') }}

-- Who sent an event, from where, and the sender's equipment.
{% set not_kept = [
    'distinct_id', '$user_id', '$device_id', '$anon_distinct_id', 'alias', '$insert_id', '$set', '$set_once', '$ip', '$raw_user_agent',
    '$current_url', '$referrer', '$initial_current_url', '$initial_referrer', '$initial_person_info', '$session_entry_url',
    '$session_entry_referrer', '$geoip_city_name', '$geoip_postal_code', '$geoip_latitude', '$geoip_longitude', '$geoip_accuracy_radius',
    '$geoip_subdivision_1_name', '$geoip_subdivision_2_name', '$elements', '$el_text', '$groups',
] %}
{% set staged = [
    ('event', 'event_type', 'text'),
    ('distinct_id', 'distinct_id', 'text'),
    ('person_properties', 'person_properties', 'json'),
    ('properties.$groups', 'event_groups', 'json'),
    ('properties.$insert_id', 'insert_id', 'text'),
    ('properties.$device_id', 'device_id', 'text'),
    ('properties.$user_id', 'user_id', 'text'),
    ('properties.$anon_distinct_id', 'anonymous_id', 'text'),
    ('properties.$is_identified', 'is_identified', 'text'),
    ('properties.$process_person_profile', 'has_person', 'text'),
    ('properties.$os', 'platform', 'text'),
    ('properties.$raw_user_agent', 'raw_user_agent', 'text'),
    ('properties.$survey_id', 'survey_id', 'text'),
    ('timestamp', 'occurred_at', 'timestamp'),
    ('created_at', 'received_at', 'timestamp'),
    ('_inserted_at', 'inserted_at', 'timestamp'),
] %}
{% set columns = {} %}
{% for name in posthog_event_properties(['account', 'user', 'email', 'user_agent']) -%}
    {%- do columns.update({name: 'mapped_' ~ loop.index}) -%}
    {%- do staged.append((['properties', name], columns[name], 'json')) -%}
{%- endfor %}
{% do not_kept.extend(posthog_event_properties(['account', 'user', 'email'])) %}

with new_events as (
    select * from {{ raw('posthog', 'events') }}
    {%- if is_incremental() %}
    where load_id in (
        select load_id from {{ raw('posthog', 'events') }}
        except
        select load_id from {{ this }}
    )
    {%- endif %}
),

parsed as (
    {{ stage_records('new_events', staged, further_columns=['load_id', 'record']) }}
),

-- SDKs of late say whether somebody has logged in. Of others an anonymous id is that of the device, unless a server sends it.
-- Some ids are the words of a client that lost its own.
known as (
    select
        *,
        case when lower(distinct_id) not in ({{ posthog_ids_of_nobody() }}) then nullif(trim(distinct_id), '') end as sending_id,
        coalesce(
            is_identified = 'false'
            or has_person = 'false'
            or (is_identified is null and (distinct_id = device_id or distinct_id like 'cookieless%' or distinct_id like '$device:%')),
            false
        ) as is_anonymous
    from parsed
),

identified as (
    select
        *,
        {{ posthog_mapped('account', columns) }} as app_account_id,
        {{ posthog_mapped('email', columns) }} as email,
        lower(coalesce({{ posthog_mapped('user_agent', columns) }}, raw_user_agent)) as user_agent,
        coalesce(
            {{ posthog_mapped('user', columns) }},
            nullif(user_id, ''),
            case when not is_anonymous then sending_id end
        ) as sending_user_id,
        coalesce(
            nullif(device_id, ''),
            case when is_anonymous then sending_id end,
            case when event_type = '$identify' then nullif(anonymous_id, '') end
        ) as sending_device_id
    from known
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
        -- What people wrote into a survey ends here.
        case
            when survey_id is not null then '{"$survey_id":"' || replace(survey_id, '"', '') || '"}'
            else {{ json_object_without('record', 'properties', not_kept) }}
        end as event_properties,
        {{ is_zero_user('sending_user_id') }} as is_zero_user,
        occurred_at,
        coalesce(received_at, inserted_at) as received_at,
        coalesce(inserted_at, received_at) as uploaded_at,
        coalesce(received_at, inserted_at, extracted_at) as known_at,
        {{ reporting_date('occurred_at') }} as event_date
    from identified
)

{{ usage_event_rows('renamed') }}
