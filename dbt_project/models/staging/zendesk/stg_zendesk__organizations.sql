-- Grain: one row an organization that existed by as_of, in the state of then.
with organizations as (
    {{ stage_as_of(raw('zendesk', 'organizations'), [
        ('name', 'organization_name', 'text'),
        (mapped_field('zendesk', 'account', 'organization_fields', default='external_id'), 'external_id', 'text'),
        ('domain_names', 'domain_names', 'json'),
        ('created_at', 'created_at', 'timestamp'),
        ('updated_at', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as organization_id,
    organization_name,
    nullif(trim(external_id), '') as external_id,
    coalesce(domain_names, '[]') as domain_names,
    is_deleted,
    created_at,
    updated_at
from organizations
where created_at is null or created_at < {{ as_of_at() }}
