-- Grain: one row a company of which there is feedback, in the state of as_of. Names end here.
with companies as (
    {{ stage_as_of(raw('productboard', 'companies'), [
        ('fields.domain', 'domain', 'text'),
        ('metadata.source.system', 'source_system', 'text'),
        ('metadata.source.recordId', 'source_record_id', 'text'),
        ('createdAt', 'created_at', 'timestamp'),
        ('updatedAt', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as company_id,
    nullif(lower(trim(domain)), '') as domain,
    source_system,
    nullif(trim(source_record_id), '') as source_record_id,
    is_deleted,
    created_at,
    updated_at
from companies
where created_at is null or created_at < {{ as_of_at() }}
