-- One row an app user and e-mail address (hashed) seen on the user's events or profile; users without e-mail have one row.
with users as (
    select user_hash, email_hash, min(email_domain_hash) as email_domain_hash
    from {{ ref('int_usage__events') }}
    where user_hash is not null and not is_zero_user and quarantine_reason is null and event_date < {{ as_of_date() }}
    group by user_hash, email_hash
),

-- A profile of somebody who never sent an event is nobody's use of the app.
profiles as (
    select profiles.user_hash, profiles.email_hash, profiles.email_domain_hash
    from {{ ref('int_usage__profiles') }} as profiles
    inner join (select distinct user_hash from users) as seen on profiles.user_hash = seen.user_hash
    where profiles.email_hash is not null
)

select user_hash, email_hash, min(email_domain_hash) as email_domain_hash
from (
    select user_hash, email_hash, email_domain_hash from users
    union all
    select user_hash, email_hash, email_domain_hash from profiles
) as addresses
group by user_hash, email_hash
