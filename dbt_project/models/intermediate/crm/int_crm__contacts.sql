-- Grain: one row a contact or lead of a CRM, in its state of as_of, merged and archived ones included. The same human
-- in two CRMs has a row of each: int_identity__person_keys says whose person each is. `contact_rank` orders the kinds:
-- by CRM, contacts before leads.
with contacts as (
    select
        'hubspot' as source,
        'contact' as contact_type,
        contact_id,
        email_hash,
        app_user_hash,
        is_internal_email,
        is_deleted,
        created_at
    from {{ ref('stg_hubspot__contacts') }}
    union all
    select
        'salesforce' as source,
        'contact' as contact_type,
        contact_id,
        email_hash,
        app_user_hash,
        is_internal_email,
        is_deleted,
        created_at
    from {{ ref('stg_salesforce__contacts') }}
    union all
    select
        'salesforce' as source,
        'lead' as contact_type,
        lead_id as contact_id,
        email_hash,
        cast(null as {{ dbt.type_string() }}) as app_user_hash,
        is_internal_email,
        is_deleted,
        created_at
    from {{ ref('stg_salesforce__leads') }}
)

select
    source || ':' || contact_type || ':' || contact_id as contact_key,
    source,
    contact_type,
    contact_id,
    email_hash,
    app_user_hash,
    {{ crm_rank('source', "source || ':' || contact_type || ':' || contact_id") }} * 2 + case contact_type when 'lead' then 1 else 0 end as contact_rank,
    is_internal_email,
    is_deleted,
    created_at
from contacts
