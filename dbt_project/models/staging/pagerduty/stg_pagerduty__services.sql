-- Grain: one row a service, those that are gone included and marked.
with services as (
    {{ stage_as_of(raw('pagerduty', 'services'), [
        ('name', 'service_name', 'text'),
        ('status', 'status_original', 'text'),
        ('created_at', 'created_at', 'timestamp'),
    ]) }}
)

select
    record_id as service_id,
    service_name,
    status_original,
    is_deleted,
    created_at
from services
