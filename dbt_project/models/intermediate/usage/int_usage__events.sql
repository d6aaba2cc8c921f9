-- One row a raw event of any analytics tool, as of `as_of_at`: what arrived later is not known yet. Copies, also those
-- that two tools have of one event, and quarantined events are still in (`counted_events` leaves them out).
-- A view in the schema of what it shows: a table would be a second copy of every event, written anew every night, and
-- user agents end in staging.
{{ config(materialized='view', schema='staging') }}

{% for tool in analytics_tools() -%}
select
    '{{ tool }}' as source,
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
    quarantine_reason,
    is_zero_user,
    occurred_at,
    received_at,
    uploaded_at,
    event_date
from {{ ref('stg_' ~ tool ~ '__events') }}
where uploaded_at is null or uploaded_at < {{ as_of_at() }}
{{ 'union all' if not loop.last }}
{% endfor %}
