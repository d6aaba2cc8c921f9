-- Grain: one row an e-mail address (hashed) that one person bears, as the app or the CRM knows it. An address of several
-- persons is left out: nothing is guessed.
with addresses as (
    select
        emails.email_hash,
        persons.person_id
    from {{ ref('int_identity__user_emails') }} as emails
    inner join {{ ref('int_identity__person_keys') }} as persons
        on
            emails.user_hash = persons.identity_key
            and persons.source = 'app'
            and persons.identity_type = 'user'
    where emails.email_hash is not null
    union all
    select
        contacts.email_hash,
        persons.person_id
    from {{ ref('stg_hubspot__contacts') }} as contacts
    inner join {{ ref('int_identity__person_keys') }} as persons
        on
            contacts.contact_id = persons.identity_key
            and persons.source = 'hubspot'
            and persons.identity_type = 'contact'
    where contacts.email_hash is not null
)

select
    email_hash,
    min(person_id) as person_id
from addresses
group by email_hash
having min(person_id) = max(person_id)
