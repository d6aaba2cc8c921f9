-- One row a stretch of time in which a device belongs to a user: from the first event with a user id to the first
-- event with another one. `is_first` marks the user to whom the time before the first log-in belongs as well.
with logins as (
    select device_hash, user_hash, occurred_at, event_id
    from {{ ref('int_usage__events') }}
    where
        device_hash is not null
        and user_hash is not null
        and not is_zero_user
        and quarantine_reason is null
        and event_date < {{ as_of_date() }}
),

devices as (
    select
        device_hash,
        min(user_hash) as user_hash,
        min(occurred_at) as first_login_at,
        min(user_hash) <> max(user_hash) as is_shared
    from logins
    group by device_hash
),

-- Only the few shared devices need the order of their events.
shared_logins as (
    select
        logins.device_hash,
        logins.user_hash,
        logins.occurred_at,
        lag(logins.user_hash) over (
            partition by logins.device_hash order by logins.occurred_at, logins.event_id
        ) as previous_user_hash
    from logins
    inner join devices on logins.device_hash = devices.device_hash and devices.is_shared
),

changes as (
    select device_hash, user_hash, occurred_at as valid_from
    from shared_logins
    where previous_user_hash is null or previous_user_hash <> user_hash
    union all
    select device_hash, user_hash, first_login_at as valid_from
    from devices
    where not is_shared
)

select
    device_hash,
    user_hash,
    valid_from,
    coalesce(
        lead(valid_from) over (partition by device_hash order by valid_from),
        cast('9999-12-31' as timestamp)
    ) as valid_to,
    row_number() over (partition by device_hash order by valid_from) = 1 as is_first
from changes
