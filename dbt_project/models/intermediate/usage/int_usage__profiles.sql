-- One row a profile that an analytics tool keeps of an app user: what it knows of people besides their events.
{{ config(materialized='view') }}

select
    'mixpanel' as source,
    user_hash,
    email_hash,
    email_domain_hash
from {{ ref('stg_mixpanel__profiles') }}
where user_hash is not null
union all
select
    'posthog' as source,
    sender_hash as user_hash,
    email_hash,
    email_domain_hash
from {{ ref('stg_posthog__persons') }}
