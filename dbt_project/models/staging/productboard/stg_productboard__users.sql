-- Grain: one row a user who gave feedback, in the state of as_of. Names and addresses end here; without the scope for
-- them the vendor sends the address as `[redacted]`, and the user is known by nothing.
with users as (
    {{ stage_as_of(raw('productboard', 'users'), [
        ('fields.email', 'email', 'text'),
        ('relationships.data', 'relationships', 'json'),
        ('createdAt', 'created_at', 'timestamp'),
        ('updatedAt', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as user_id,
    {{ email_hash("nullif(email, '[redacted]')") }} as email_hash,
    coalesce(relationships, '[]') as relationships,
    is_deleted,
    created_at,
    updated_at
from users
where created_at is null or created_at < {{ as_of_at() }}
