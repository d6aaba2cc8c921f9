-- Grain: one row a company or user of the roadmap tool: whose account and person it is, by which rule. A company is known
-- by the account's id that it carries, then by its domain; a user by its company, then by its own address.
-- The id of a company in whichever CRM knows one such id.
{# The vendor's own: the last part of a key, before which an instance may stand. #}
{% set own_id = "coalesce(nullif(" ~ text_part('company_key', "':'", 4) ~ ", ''), " ~ text_part('company_key', "':'", 3) ~ ")" %}
with company_ids as (
    select
        {{ own_id }} as company_id,
        min(account_id) as account_id
    from {{ ref('int_crm__company_accounts') }}
    group by {{ own_id }}
    having min(account_id) = max(account_id)
),

companies as (
    select
        companies.company_id,
        coalesce(by_app.account_id, by_crm.account_id, by_domain.account_id) as account_id,
        case
            when by_app.account_id is not null or by_crm.account_id is not null then 'account_id_of_company'
            when by_domain.account_id is not null then 'domain_of_company'
        end as rule
    from {{ ref('stg_productboard__companies') }} as companies
    left join {{ ref('int_identity__accounts') }} as by_app
        on 'app:' || companies.source_record_id = by_app.account_key
    left join company_ids as by_crm
        on companies.source_record_id = by_crm.company_id
    left join {{ ref('int_crm__account_domains') }} as by_domain
        on companies.domain = by_domain.domain
),

users as (
    select
        user_id,
        email_hash,
        relationships
    from {{ ref('stg_productboard__users') }}
),

relationship_rows as (
    {{ productboard_relationships('users', ['user_id']) }}
),

companies_of_users as (
    select
        relationship_rows.user_id,
        min(companies.account_id) as account_id
    from relationship_rows
    inner join companies
        on relationship_rows.target_id = companies.company_id
    where relationship_rows.target_type = 'company'
    group by relationship_rows.user_id
    having min(companies.account_id) = max(companies.account_id)
)

select
    company_id as customer_id,
    account_id,
    cast(null as {{ dbt.type_string() }}) as person_id,
    rule
from companies
union all
select
    users.user_id as customer_id,
    coalesce(companies_of_users.account_id, nullif(persons.account_id, '(unknown)')) as account_id,
    emails.person_id,
    case
        when companies_of_users.account_id is not null then 'company_of_user'
        when nullif(persons.account_id, '(unknown)') is not null then 'email_of_user'
    end as rule
from users
left join companies_of_users
    on users.user_id = companies_of_users.user_id
left join {{ ref('int_identity__person_emails') }} as emails
    on users.email_hash = emails.email_hash
left join {{ ref('int_identity__persons') }} as persons
    on emails.person_id = persons.person_id
