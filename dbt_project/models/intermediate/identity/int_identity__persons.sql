-- One row a person of any tool: home account, first and last active day, and why the person is excluded, if so.
-- Home account: the account named by the person's earliest active event that names one, else the contact's company.
with keys as (
    select * from {{ ref('int_identity__person_keys') }}
),

persons as (
    select
        person_id,
        max(case when is_internal then 1 else 0 end) = 1 as is_internal
    from keys
    group by person_id
),

usage as (
    select
        person_id,
        min(case when not is_bot and not is_passive then event_date end) as first_active_date,
        max(case when not is_bot and not is_passive then event_date end) as last_active_date,
        min(case when is_bot then 1 else 0 end) = 1 as is_bot
    from {{ ref('int_usage__person_days') }}
    group by person_id
),

accounts_by_usage as (
    select
        person_id,
        account_id,
        row_number() over (partition by person_id order by first_event_at, account_id) as account_rank
    from (
        select person_id, account_id, min(first_event_at) as first_event_at
        from {{ ref('int_usage__person_days') }}
        where not is_bot and not is_passive and account_id <> '(unknown)'
        group by person_id, account_id
    ) as accounts
),

-- The primary company counts, of the first CRM that knows one.
accounts_by_contact as (
    select
        keys.person_id,
        accounts.account_id,
        row_number() over (
            partition by keys.person_id
            order by
                case when links.is_primary then 0 else 1 end,
                {{ crm_rank('links.source', 'links.company_key') }},
                accounts.account_id
        ) as account_rank
    from keys
    inner join {{ ref('int_crm__contact_companies') }} as links
        on keys.source || ':' || keys.identity_type || ':' || keys.identity_key = links.contact_key
    inner join {{ ref('int_identity__accounts') }} as accounts
        on links.company_key = accounts.account_key
    where accounts.account_id is not null
),

joined as (
    select
        persons.person_id,
        persons.is_internal,
        coalesce(usage.is_bot, false) as is_bot,
        coalesce(by_usage.account_id, by_contact.account_id, '(unknown)') as account_id,
        usage.first_active_date,
        usage.last_active_date
    from persons
    left join usage on persons.person_id = usage.person_id
    left join accounts_by_usage as by_usage on persons.person_id = by_usage.person_id and by_usage.account_rank = 1
    left join accounts_by_contact as by_contact
        on persons.person_id = by_contact.person_id and by_contact.account_rank = 1
)

select
    joined.person_id,
    joined.account_id,
    accounts.plan,
    joined.first_active_date,
    joined.last_active_date,
    coalesce(joined.first_active_date < horizon.new_from, false) as is_pre_existing,
    joined.is_internal,
    joined.is_bot,
    coalesce(accounts.is_test_account, false) as is_test_account,
    joined.is_internal or joined.is_bot or coalesce(accounts.is_test_account, false) as is_excluded
from joined
cross join {{ ref('int_usage__horizon') }} as horizon
left join {{ ref('int_crm__accounts') }} as accounts on joined.account_id = accounts.account_id
