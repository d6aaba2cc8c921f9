-- One row a person, day, account, feature, kind of event and set of tools that saw it, before anybody is excluded: daily identities joined with
-- the persons and accounts they are known to be today. Counts what happened before the as-of date.
with identities as (
    select * from {{ ref('int_usage__identity_daily') }}
    where event_date < {{ as_of_date() }}
),

person_keys as (
    select identity_type, identity_key, person_id
    from {{ ref('int_identity__person_keys') }}
    where source = 'app'
),

-- After a log-in a device is the last known user's; before the first one it is the first user's (rule of the keys).
-- Only identities that are devices have a moment to compare.
owners as (
    select
        identities.*,
        case when logins.user_hash is null then identities.identity_type else 'user' end as owner_type,
        coalesce(logins.user_hash, identities.identity_key) as owner_key
    from identities
    left join {{ ref('int_identity__device_logins') }} as logins
        on
            identities.identity_key = logins.device_hash
            and identities.device_used_at >= logins.valid_from
            and identities.device_used_at < logins.valid_to
),

accounts as (
    select account_key, account_id
    from {{ ref('int_identity__accounts') }}
    where account_id is not null
)

select
    person_keys.person_id,
    owners.event_date,
    coalesce(accounts.account_id, '(unknown)') as account_id,
    owners.feature_id,
    owners.is_bot,
    owners.is_passive,
    owners.seen_by,
    cast(sum(owners.event_count) as bigint) as event_count,
    min(owners.first_event_at) as first_event_at,
    max(owners.last_event_at) as last_event_at
from owners
inner join person_keys
    on owners.owner_type = person_keys.identity_type and owners.owner_key = person_keys.identity_key
left join accounts on 'app:' || owners.app_account_id = accounts.account_key
group by
    person_keys.person_id,
    owners.event_date,
    coalesce(accounts.account_id, '(unknown)'),
    owners.feature_id,
    owners.is_bot,
    owners.is_passive,
    owners.seen_by
