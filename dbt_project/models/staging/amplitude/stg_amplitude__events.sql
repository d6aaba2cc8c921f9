-- One row a raw event, duplicates and quarantined events included (int models leave them out with `counted_events`).
-- A load is one closed window that never changes: only loads that are not in this table yet are parsed.
{{ config(materialized='incremental', incremental_strategy='append') }}
{% set properties = {
    'group': 'groups_json', 'user_property': 'user_properties_json', 'event_property': 'event_properties_json',
} %}

with new_events as (
    select * from {{ raw('amplitude', 'events') }}
    {%- if is_incremental() %}
    where load_id in (
        select load_id from {{ raw('amplitude', 'events') }}
        except
        select load_id from {{ this }}
    )
    {%- endif %}
),

parsed as (
    {{ stage_records('new_events', [
        ('event_type', 'event_type', 'text'),
        ('$insert_id', 'insert_id', 'text'),
        ('device_id', 'device_id', 'text'),
        ('user_id', 'user_id', 'text'),
        ('platform', 'platform', 'text'),
        ('groups', 'event_groups', 'json'),
        ('user_properties', 'user_properties', 'json'),
        ('event_properties', 'event_properties', 'json'),
        ('event_time', 'occurred_at', 'timestamp'),
        ('server_received_time', 'received_at', 'timestamp'),
        ('server_upload_time', 'uploaded_at', 'timestamp'),
    ], further_columns=['load_id']) }}
),

-- Senders may have turned an object into a text of JSON before they handed it over.
unwrapped as (
    select
        *,
        {{ json_unwrapped('event_groups') }} as groups_json,
        {{ json_unwrapped('user_properties') }} as user_properties_json,
        {{ json_unwrapped('event_properties') }} as event_properties_json
    from parsed
),

named as (
    select
        *,
        {{ mapped_property('amplitude', 'account', properties) }} as app_account_id,
        {{ mapped_property('amplitude', 'email', properties) }} as email,
        {{ mapped_property('amplitude', 'user_agent', properties) }} as sending_user_agent,
        coalesce({{ mapped_property('amplitude', 'user', properties) }}, nullif(user_id, '')) as sending_user_id,
        nullif(device_id, '') as sending_device_id
    from unwrapped
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
        lower(sending_user_agent) as user_agent,
        event_properties_json as event_properties,
        {{ is_zero_user('user_id') }} as is_zero_user,
        occurred_at,
        received_at,
        uploaded_at,
        coalesce(received_at, uploaded_at, extracted_at) as known_at,
        {{ reporting_date('occurred_at') }} as event_date
    from named
)

{{ usage_event_rows('renamed') }}
