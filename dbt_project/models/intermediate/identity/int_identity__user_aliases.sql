-- Grain: one row an app user that an analytics tool holds for the same person as others, but for the one of them (the first by its
-- hash) whom all of them are from then on. Ids of devices are no users.
with users as (
    select distinct user_hash
    from {{ ref('int_identity__user_emails') }}
),

together as (
    select
        persons.sender_hash as user_hash,
        min(persons.sender_hash) over (partition by persons.person_hash) as winner_hash
    from {{ ref('stg_posthog__persons') }} as persons
    inner join users on persons.sender_hash = users.user_hash
)

select
    user_hash,
    min(winner_hash) as winner_hash
from together
where user_hash <> winner_hash
group by user_hash
