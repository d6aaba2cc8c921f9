-- One row a hashed e-mail address that some tool shows of a person: whose it is. An app user's address goes before that
-- of a contact. Nothing is guessed: an address of several persons has none (`is_ambiguous`).
with keys as (
    select source, identity_type, identity_key, person_id
    from {{ ref('int_identity__person_keys') }}
),

emails as (
    select emails.email_hash, keys.person_id, 1 as preference
    from {{ ref('int_identity__user_emails') }} as emails
    inner join keys
        on keys.source = 'app' and keys.identity_type = 'user' and emails.user_hash = keys.identity_key
    where emails.email_hash is not null
    union all
    select addresses.email_hash, keys.person_id, 2 as preference
    from {{ ref('int_crm__contact_emails') }} as addresses
    inner join {{ ref('int_crm__contacts') }} as contacts on addresses.contact_key = contacts.contact_key
    inner join keys
        on
            contacts.source = keys.source
            and contacts.contact_type = keys.identity_type
            and contacts.contact_id = keys.identity_key
),

preferred as (
    select email_hash, person_id, preference, min(preference) over (partition by email_hash) as best_preference
    from emails
)

select
    email_hash,
    case when min(person_id) = max(person_id) then min(person_id) end as person_id,
    min(person_id) <> max(person_id) as is_ambiguous
from preferred
where preference = best_preference
group by email_hash
