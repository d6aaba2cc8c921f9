-- Grain: one row a check of the CRM's data: how many of how many are as its name says.
with accounts as (
    select
        count(*) as account_count,
        sum(case when segment <> '(unknown)' then 1 else 0 end) as segment_count,
        sum(case when plan <> '(unknown)' then 1 else 0 end) as plan_count,
        sum(case when app_account_id is not null then 1 else 0 end) as app_account_count,
        sum(case when is_test_account then 1 else 0 end) as test_count
    from {{ ref('int_crm__accounts') }}
    where not is_merged
),

merges as (
    select
        count(*) as company_count,
        sum(case when is_merged then 1 else 0 end) as merged_count
    from {{ ref('int_crm__accounts') }}
),

deals as (
    select
        count(*) as deal_count,
        sum(case when accounts.account_key is not null then 1 else 0 end) as linked_count
    from {{ ref('stg_hubspot__deals') }} as deals
    left join (
        select distinct
            associations.from_id,
            identities.account_key
        from {{ ref('stg_hubspot__associations') }} as associations
        inner join {{ ref('int_identity__accounts') }} as identities
            on 'hubspot:company:' || associations.to_id = identities.account_key
        where
            associations.from_type = 'deals'
            and associations.to_type = 'companies'
            and not associations.is_deleted
    ) as accounts
        on deals.deal_id = accounts.from_id
    where not deals.is_deleted
)

select
    'accounts' as subject,
    'hubspot' as source,
    'accounts_with_segment' as check_name,
    cast(coalesce(segment_count, 0) as bigint) as counted,
    cast(account_count as bigint) as total,
    'Companies, merged ones aside, that have a segment; the others are reported under (unknown).' as explanation
from accounts
union all
select
    'accounts' as subject,
    'hubspot' as source,
    'accounts_with_plan' as check_name,
    cast(coalesce(plan_count, 0) as bigint) as counted,
    cast(account_count as bigint) as total,
    'Companies, merged ones aside, that have a plan; the others are eligible only for features of every plan.'
        as explanation
from accounts
union all
select
    'accounts' as subject,
    'hubspot' as source,
    'accounts_with_app_account' as check_name,
    cast(coalesce(app_account_count, 0) as bigint) as counted,
    cast(account_count as bigint) as total,
    'Companies that name their account in the app; usage cannot be joined to the others.' as explanation
from accounts
union all
select
    'accounts' as subject,
    'hubspot' as source,
    'accounts_excluded_as_test' as check_name,
    cast(coalesce(test_count, 0) as bigint) as counted,
    cast(account_count as bigint) as total,
    'Companies marked as test accounts: their people are in no metric.' as explanation
from accounts
union all
select
    'accounts' as subject,
    'hubspot' as source,
    'companies_merged_away' as check_name,
    cast(coalesce(merged_count, 0) as bigint) as counted,
    cast(company_count as bigint) as total,
    'Companies merged into another one: everything that names them counts for the survivor.' as explanation
from merges
union all
select
    'deals' as subject,
    'hubspot' as source,
    'deals_with_account' as check_name,
    cast(coalesce(linked_count, 0) as bigint) as counted,
    cast(deal_count as bigint) as total,
    'Deals linked to a company; the others are reported under (unknown).' as explanation
from deals
