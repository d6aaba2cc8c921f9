-- Grain: one row an entry of an incident's log before as_of. Who did it, and how, stays behind.
with entries as (
    {{ stage_as_of(raw('pagerduty', 'log_entries'), [
        ('incident.id', 'incident_id', 'id'),
        ('type', 'type_original', 'text'),
        ('created_at', 'created_at', 'timestamp'),
    ], 'created_at') }}
)

select
    record_id as log_entry_id,
    incident_id,
    replace(type_original, '_log_entry', '') as change,
    created_at
from entries
where
    not is_deleted
    and created_at < {{ as_of_at() }}
