-- Grain: one row a contact that existed by as_of and e-mail address that it has besides its first one. Addresses end here.
with contacts as (
    {{ stage_as_of(raw('hubspot', 'contacts'), [
        ('properties.hs_additional_emails', 'additional_emails', 'text'),
        ('createdAt', 'created_at', 'timestamp'),
        ('updatedAt', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
),

lists as (
    select
        record_id as contact_id,
        {{ json_text_list('additional_emails') }} as emails
    from contacts
    where created_at is null or created_at < {{ as_of_at() }}
),

addresses as (
    {{ json_array_rows('lists', ['contact_id'], 'emails') }}
)

select distinct
    contact_id,
    {{ email_hash('item') }} as email_hash
from addresses
where nullif(trim(item), '') is not null
