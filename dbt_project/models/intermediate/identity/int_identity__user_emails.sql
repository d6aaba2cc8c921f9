-- One row an app user and e-mail address (hashed) seen on the user's events; users without e-mail have one row.
select
    user_hash,
    email_hash,
    min(email_domain_hash) as email_domain_hash
from {{ ref('stg_amplitude__events') }}
where user_hash is not null and not is_zero_user and quarantine_reason is null and event_date < {{ as_of_date() }}
group by user_hash, email_hash
