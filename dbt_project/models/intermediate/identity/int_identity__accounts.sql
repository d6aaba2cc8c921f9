-- Grain: one row a name under which some tool knows an account: `app:<app account id>`, a company of a CRM, an
-- organization of a support tool. It says whose account it is, by which rule and with which confidence, or why it is
-- matched with none. Nothing is guessed: an id or domain of several companies matches none of them.
with company_keys as (
    select
        company_key as account_key,
        account_id,
        rule,
        confidence,
        cast(null as {{ dbt.type_string() }}) as unmatched_reason
    from {{ ref('int_crm__company_accounts') }}
),

companies_by_app_account as (
    select
        app_account_id,
        account_id,
        is_ambiguous
    from {{ ref('int_crm__app_accounts') }}
),

companies_by_domain as (
    select
        domain,
        account_id,
        is_ambiguous
    from {{ ref('int_crm__account_domains') }}
),

organizations as (
    select
        organization_key,
        external_id,
        domain_names
    from {{ ref('int_support__source_organizations') }}
),

organization_domains as (
    {{ json_array_rows('organizations', ['organization_key'], 'domain_names') }}
),

organizations_by_domain as (
    select
        organization_domains.organization_key,
        min(companies_by_domain.account_id) as account_id,
        min(companies_by_domain.account_id) <> max(companies_by_domain.account_id)
        or max(case when companies_by_domain.is_ambiguous then 1 else 0 end) = 1 as is_ambiguous
    from organization_domains
    inner join companies_by_domain
        on lower(trim(organization_domains.item)) = companies_by_domain.domain
    group by organization_domains.organization_key
),

organization_matches as (
    select
        organizations.organization_key,
        case
            when
                by_app_account.account_id is not null
                and not by_app_account.is_ambiguous
                then by_app_account.account_id
            when by_domain.account_id is not null and not by_domain.is_ambiguous then by_domain.account_id
        end as account_id,
        case
            when by_app_account.account_id is not null and not by_app_account.is_ambiguous then 'external_id'
            when by_domain.account_id is not null and not by_domain.is_ambiguous then 'domain'
        end as rule,
        case
            when by_app_account.is_ambiguous then 'external_id_of_several_companies'
            when by_domain.is_ambiguous then 'domain_of_several_companies'
            when organizations.external_id is not null then 'external_id_of_no_company'
            when organizations.domain_names <> '[]' then 'domain_of_no_company'
            else 'no_external_id_and_no_domain'
        end as reason_if_unmatched
    from organizations
    left join companies_by_app_account as by_app_account
        on organizations.external_id = by_app_account.app_account_id
    left join organizations_by_domain as by_domain
        on organizations.organization_key = by_domain.organization_key
),

organization_keys as (
    select
        organization_key as account_key,
        account_id,
        rule,
        case rule when 'external_id' then 1.0 when 'domain' then 0.9 end as confidence,
        case when account_id is null then reason_if_unmatched end as unmatched_reason
    from organization_matches
),

-- App accounts that only the support tool names belong to no company we know.
app_account_ids as (
    select app_account_id
    from companies_by_app_account
    union distinct
    select external_id as app_account_id
    from organizations
    where external_id is not null
),

app_account_keys as (
    select
        'app:' || app_account_ids.app_account_id as account_key,
        case when not by_app_account.is_ambiguous then by_app_account.account_id end as account_id,
        case when not by_app_account.is_ambiguous then 'app_account_id' end as rule,
        case when not by_app_account.is_ambiguous then 1.0 end as confidence,
        case
            when by_app_account.is_ambiguous then 'app_account_id_of_several_companies'
            when by_app_account.app_account_id is null then 'app_account_id_of_no_company'
        end as unmatched_reason
    from app_account_ids
    left join companies_by_app_account as by_app_account
        on app_account_ids.app_account_id = by_app_account.app_account_id
),

account_keys as (
    select account_key, account_id, rule, confidence, unmatched_reason from company_keys
    union all
    select account_key, account_id, rule, confidence, unmatched_reason from organization_keys
    union all
    select account_key, account_id, rule, confidence, unmatched_reason from app_account_keys
)

select
    account_key,
    account_id,
    rule,
    cast(confidence as double) as confidence,
    unmatched_reason
from account_keys
