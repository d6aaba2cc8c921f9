-- Grain: one row a user (customer or agent). Names and addresses end here.
with users as (
    {{ stage_as_of(raw('zendesk', 'users'), [
        ('email', 'email', 'text'),
        ('role', 'role', 'text'),
        ('organization_id', 'organization_id', 'id'),
        (mapped_field('zendesk', 'user', 'user_fields', default='external_id'), 'external_id', 'text'),
        ('active', 'is_active', 'boolean'),
        ('suspended', 'is_suspended', 'boolean'),
        ('created_at', 'created_at', 'timestamp'),
        ('updated_at', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
),

internal_domains as (
    select lower(trim(value)) as email_domain
    from {{ ref('stg_registry__exclusions') }}
    where exclusion_id = 'internal_email_domains'
)

select
    users.record_id as user_id,
    users.organization_id,
    {{ email_hash('users.email') }} as email_hash,
    {{ pseudonym("nullif(users.external_id, '')") }} as external_hash,
    lower(users.role) as role,
    internal_domains.email_domain is not null as is_internal_email,
    coalesce(users.is_active, true) and not users.is_deleted as is_active,
    coalesce(users.is_suspended, false) as is_suspended,
    users.created_at,
    users.updated_at
from users
left join internal_domains
    on {{ text_part("lower(trim(users.email))", "'@'", 2) }} = internal_domains.email_domain
where users.created_at is null or users.created_at < {{ as_of_at() }}
