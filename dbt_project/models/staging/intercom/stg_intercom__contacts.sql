-- Grain: one row a contact (user or lead) that existed by as_of, in the state of then. Names and addresses end here.
with contacts as (
    {{ stage_as_of(raw('intercom', 'contacts'), [
        ('email', 'email', 'text'),
        ('role', 'role', 'text'),
        (mapped_field('intercom', 'user', 'custom_attributes', default='external_id'), 'external_id', 'text'),
        ('companies.data', 'companies', 'json'),
        ('companies.total_count', 'company_count', 'integer'),
        ('created_at', 'created_seconds', 'integer'),
        ('updated_at', 'updated_seconds', 'integer'),
    ], from_epoch('updated_seconds')) }}
),

internal_domains as (
    select lower(trim(value)) as email_domain
    from {{ ref('stg_registry__exclusions') }}
    where exclusion_id = 'internal_email_domains'
)

select
    contacts.record_id as contact_id,
    -- Of several companies none is the contact's own.
    case
        when contacts.company_count = 1
            then {{ qualified(json_first_item_property('contacts.companies', 'id'), 'contacts.record_id') }}
    end as company_id,
    {{ email_hash('contacts.email') }} as email_hash,
    {{ pseudonym("nullif(contacts.external_id, '')") }} as external_hash,
    lower(contacts.role) as role,
    internal_domains.email_domain is not null as is_internal_email,
    contacts.is_deleted,
    {{ from_epoch('contacts.created_seconds') }} as created_at,
    {{ from_epoch('contacts.updated_seconds') }} as updated_at
from contacts
left join internal_domains
    on {{ text_part("lower(trim(contacts.email))", "'@'", 2) }} = internal_domains.email_domain
where
    contacts.created_seconds is null
    or {{ from_epoch('contacts.created_seconds') }} < {{ as_of_at() }}
