-- Grain: one row a user. A user's name and address stay behind.
with users as (
    {{ stage_as_of(raw('salesforce', 'users'), [
        ('IsActive', 'is_active', 'boolean'),
        ('CreatedDate', 'created_at', 'timestamp'),
        ('SystemModstamp', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as user_id,
    coalesce(is_active, true) as is_active,
    created_at,
    updated_at
from users
