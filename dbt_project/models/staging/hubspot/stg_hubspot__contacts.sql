-- Grain: one row a contact that existed by as_of, in the state of then. Names and addresses end here.
with contacts as (
    {{ stage_as_of(raw('hubspot', 'contacts'), [
        (mapped_field('hubspot', 'user', 'properties'), 'app_user_id', 'text'),
        ('properties.email', 'email', 'text'),
        ('properties.hs_merged_object_ids', 'merged_ids', 'text'),
        ('archived', 'is_archived', 'boolean'),
        ('createdAt', 'created_at', 'timestamp'),
        ('updatedAt', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
),

internal_domains as (
    select lower(trim(value)) as email_domain
    from {{ ref('stg_registry__exclusions') }}
    where exclusion_id = 'internal_email_domains'
)

select
    contacts.record_id as contact_id,
    {{ email_hash('contacts.email') }} as email_hash,
    {{ pseudonym("nullif(contacts.app_user_id, '')") }} as app_user_hash,
    {{ json_text_list(qualified_each('contacts.merged_ids', ';', 'contacts.record_id')) }} as merged_contact_ids,
    internal_domains.email_domain is not null as is_internal_email,
    coalesce(contacts.is_archived, false) or contacts.is_deleted as is_deleted,
    contacts.created_at,
    contacts.updated_at
from contacts
left join internal_domains
    on {{ text_part("lower(trim(contacts.email))", "'@'", 2) }} = internal_domains.email_domain
where contacts.created_at is null or contacts.created_at < {{ as_of_at() }}
