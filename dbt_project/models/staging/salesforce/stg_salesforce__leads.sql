-- Grain: one row a lead that existed by as_of, in the state of then. A lead that was converted names its contact.
with leads as (
    {{ stage_as_of(raw('salesforce', 'leads'), [
        ('MasterRecordId', 'master_lead_id', 'id'),
        ('ConvertedContactId', 'converted_contact_id', 'id'),
        ('IsConverted', 'is_converted', 'boolean'),
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
    leads.record_id as lead_id,
    leads.master_lead_id,
    leads.converted_contact_id,
    {{ email_hash('leads.email') }} as email_hash,
    coalesce(leads.is_converted, false) as is_converted,
    internal_domains.email_domain is not null as is_internal_email,
    leads.is_deleted,
    leads.created_at,
    leads.updated_at
from leads
left join internal_domains
    on {{ text_part("lower(trim(leads.email))", "'@'", 2) }} = internal_domains.email_domain
where leads.created_at is null or leads.created_at < {{ as_of_at() }}
