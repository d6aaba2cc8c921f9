-- One row a raw event of any analytics tool, as of `as_of_at`: what arrived later is not known yet. Copies, also those
-- that two tools have of one event, and quarantined events are still in (`counted_events` leaves them out).
-- A view in the schema of what it shows: a table would be a second copy of every event, written anew every night, and
-- user agents end in staging.
{{ config(materialized='view', schema='staging') }}

{% set columns = [
    'event_id', 'load_id', 'event_type', 'insert_id', 'app_account_id', 'device_hash', 'user_hash', 'email_hash',
    'email_domain_hash', 'platform', 'user_agent', 'event_properties', 'is_zero_user', 'occurred_at', 'received_at',
    'uploaded_at', 'event_date',
] %}

with events as (
    {% for tool in analytics_tools() -%}
    select
        '{{ tool }}' as source,
        {{ vendor_event_key(tool) }} as vendor_event_key,
        {{ columns | join(', ') }},
        quarantine_reason
    from {{ ref('stg_' ~ tool ~ '__events') }}
    where uploaded_at is null or uploaded_at < {{ as_of_at() }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    events.source,
    events.vendor_event_key,
    {%- for column in columns %}
    events.{{ column }},
    {%- endfor %}
    -- A clock that is behind by more than the history would be somebody's first day.
    case
        when events.quarantine_reason is null and events.event_date < horizon.starts_on then 'before_history'
        else events.quarantine_reason
    end as quarantine_reason
from events
cross join {{ ref('int_usage__horizon') }} as horizon
