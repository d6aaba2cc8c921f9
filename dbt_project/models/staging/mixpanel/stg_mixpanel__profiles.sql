-- One row a profile, as of `as_of_at`. A profile is keyed as its events are: by user id, or by device while nobody has
-- logged in.
with profiles as (
    {{ stage_as_of(raw('mixpanel', 'profiles'), [
        ('$distinct_id', 'distinct_id', 'text'),
        ('$properties.$email', 'email', 'text'),
        ('$properties.$created', 'created_at', 'timestamp'),
    ]) }}
)

select
    {{ pseudonym('distinct_id') }} as profile_hash,
    case when distinct_id not like '$device:%' then {{ pseudonym('distinct_id') }} end as user_hash,
    {{ email_hash('email') }} as email_hash,
    {{ email_domain_hash('email') }} as email_domain_hash,
    created_at,
    extracted_at
from profiles
where not is_deleted
