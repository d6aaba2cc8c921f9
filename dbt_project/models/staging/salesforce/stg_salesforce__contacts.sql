-- Grain: one row a contact that existed by as_of, in the state of then. Names and addresses end here.
with contacts as (
    {{ stage_as_of(raw('salesforce', 'contacts'), [
        ('AccountId', 'account_id', 'id'),
        ('MasterRecordId', 'master_contact_id', 'id'),
        (mapped_field('salesforce', 'user'), 'app_user_id', 'text'),
        ('Email', 'email', 'text'),
        ('CreatedDate', 'created_at', 'timestamp'),
        ('SystemModstamp', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
),

internal_domains as (
    select lower(trim(value)) as email_domain
    from {{ ref('stg_registry__exclusions') }}
    where exclusion_id = 'internal_email_domains'
)

select
    contacts.record_id as contact_id,
    contacts.account_id,
    contacts.master_contact_id,
    {{ email_hash('contacts.email') }} as email_hash,
    {{ pseudonym("nullif(contacts.app_user_id, '')") }} as app_user_hash,
    internal_domains.email_domain is not null as is_internal_email,
    contacts.is_deleted,
    contacts.created_at,
    contacts.updated_at
from contacts
left join internal_domains
    on {{ text_part("lower(trim(contacts.email))", "'@'", 2) }} = internal_domains.email_domain
where contacts.created_at is null or contacts.created_at < {{ as_of_at() }}
