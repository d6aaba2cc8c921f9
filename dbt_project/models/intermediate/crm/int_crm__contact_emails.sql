-- Grain: one row a contact or lead of a CRM and e-mail address (hashed) that it has: its first one and any other.
-- `is_of_several_contacts`: a contact of the same kind in the same CRM has the address too, merged ones taken together.
with addresses as (
    select
        contact_key,
        email_hash,
        true as is_first
    from {{ ref('int_crm__contacts') }}
    where email_hash is not null
    union all
    select
        'hubspot:contact:' || contact_id as contact_key,
        email_hash,
        false as is_first
    from {{ ref('stg_hubspot__additional_emails') }}
),

distinct_addresses as (
    select
        contact_key,
        email_hash,
        max(case when is_first then 1 else 0 end) = 1 as is_first
    from addresses
    group by contact_key, email_hash
),

survivors as (
    select
        contacts.contact_key,
        contacts.source,
        contacts.contact_rank,
        coalesce(merged.winner_key, contacts.contact_key) as surviving_contact_key
    from {{ ref('int_crm__contacts') }} as contacts
    left join {{ ref('int_identity__contact_merges') }} as merged
        on contacts.contact_key = merged.contact_key
)

select
    addresses.contact_key,
    addresses.email_hash,
    survivors.source,
    survivors.contact_rank,
    addresses.is_first,
    min(survivors.surviving_contact_key) over (partition by addresses.email_hash, survivors.contact_rank)
    <> max(survivors.surviving_contact_key) over (partition by addresses.email_hash, survivors.contact_rank)
        as is_of_several_contacts
from distinct_addresses as addresses
inner join survivors
    on addresses.contact_key = survivors.contact_key
