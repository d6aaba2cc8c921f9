-- One row a raw event, duplicates and quarantined events included (int models leave them out with `counted_events`).
-- A load is one closed window that never changes: only loads that are not in this table yet are parsed.
{{ config(materialized='incremental', incremental_strategy='append') }}

with new_events as (
    select * from {{ source('amplitude', 'events') }}
    {%- if is_incremental() %}
    where load_id in (
        select load_id from {{ source('amplitude', 'events') }}
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
        ('groups.account', 'account_group', 'json'),
        ('user_properties.email', 'email', 'text'),
        ('event_properties', 'event_properties', 'json'),
        ('event_time', 'occurred_at', 'timestamp'),
        ('server_received_time', 'received_at', 'timestamp'),
        ('server_upload_time', 'uploaded_at', 'timestamp'),
    ], further_columns=['load_id']) }}
),

renamed as (
    select
        record_id as event_id,
        load_id,
        event_type,
        coalesce(insert_id, record_id) as insert_id,
        {{ json_first_item('account_group') }} as app_account_id,
        {{ pseudonym('device_id') }} as device_hash,
        {{ pseudonym("nullif(user_id, '')") }} as user_hash,
        {{ email_hash('email') }} as email_hash,
        {{ email_domain_hash('email') }} as email_domain_hash,
        platform,
        lower({{ json_property('event_properties', "'user_agent'") }}) as user_agent,
        event_properties,
        coalesce(user_id = '00000000-0000-0000-0000-000000000000', false) as is_zero_user,
        occurred_at,
        received_at,
        uploaded_at,
        {{ reporting_date('occurred_at') }} as event_date
    from parsed
)

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
        when occurred_at > {{ add_time('hour', 1, 'received_at') }} then 'future'
    end as quarantine_reason,
    is_zero_user,
    occurred_at,
    received_at,
    uploaded_at,
    event_date
from renamed
