-- Grain: one row an id by which somebody sends events, whose it is as of `as_of_at`, and what is known of the person. Those of
-- deleted persons are left out.
with persons as (
    {{ stage_as_of(raw('posthog', 'persons'), [
        ('distinct_id', 'distinct_id', 'text'),
        ('person_id', 'person_id', 'id'),
        ('properties', 'person_properties', 'json'),
        ('_inserted_at', 'changed_at', 'timestamp'),
    ], 'changed_at') }}
),

named as (
    select
        *,
        {{ posthog_mapped('email') }} as email
    from persons
    where not is_deleted
)

select
    record_id as sender_id,
    {{ pseudonym('distinct_id') }} as sender_hash,
    {{ pseudonym('person_id') }} as person_hash,
    {{ email_hash('email') }} as email_hash,
    {{ email_domain_hash('email') }} as email_domain_hash,
    extracted_at
from named
where changed_at is null or changed_at < {{ as_of_at() }}
