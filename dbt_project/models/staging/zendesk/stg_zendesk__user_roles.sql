-- Grain: one row a user and state of the user with a role that was ever read: the role from `valid_from` to before
-- `valid_to`. The oldest state that is known is taken for all that was before it.
with versions as (
    {{ stage_versions(raw('zendesk', 'users'), [
        ('role', 'role', 'text'),
        ('updated_at', 'updated_at', 'timestamp'),
    ]) }}
),

moments as (
    select
        record_id as user_id,
        lower(role) as role,
        coalesce(updated_at, extracted_at) as changed_at,
        row_number() over (
            partition by record_id, coalesce(updated_at, extracted_at)
            order by extracted_at desc, lower(role) asc
        ) as reading_number
    from versions
    where role is not null
),

states as (
    select
        user_id,
        role,
        changed_at,
        lead(changed_at) over (partition by user_id order by changed_at asc) as next_changed_at,
        row_number() over (partition by user_id order by changed_at asc) as state_number
    from moments
    where reading_number = 1
)

select
    user_id,
    role,
    case when state_number = 1 then cast('1900-01-01' as timestamp) else changed_at end as valid_from,
    coalesce(next_changed_at, cast('9999-12-30' as timestamp)) as valid_to
from states
