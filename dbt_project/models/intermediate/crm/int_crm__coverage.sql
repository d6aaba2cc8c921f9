-- Grain: one row a check of a CRM's data: how many of how many are as its name says. Accounts are what the CRMs keep
-- together; where there is no CRM, their rows say none of none.
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

companies as (
    select
        source,
        count(*) as company_count,
        sum(case when is_merged then 1 else 0 end) as merged_count
    from {{ ref('int_crm__company_accounts') }}
    group by source
),

-- Companies of a later CRM that stand alone, by reason.
alone as (
    select
        source,
        unmatched_reason,
        count(*) as company_count,
        max(survivor_count) as survivor_count
    from (
        select
            source,
            unmatched_reason,
            count(*) over (partition by source) as survivor_count
        from {{ ref('int_crm__company_accounts') }}
        where not is_merged
    ) as survivors
    where unmatched_reason is not null
    group by source, unmatched_reason
),

deals as (
    select
        deals.source,
        sum(case when not deals.is_duplicate then 1 else 0 end) as deal_count,
        sum(case when not deals.is_duplicate and accounts.company_key is not null then 1 else 0 end) as linked_count,
        sum(case when deals.is_duplicate then 1 else 0 end) as duplicate_count,
        count(*) as all_count
    from {{ ref('int_crm__deals') }} as deals
    left join {{ ref('int_crm__company_accounts') }} as accounts
        on deals.company_key = accounts.company_key
    where not deals.is_deleted
    group by deals.source
)

select
    'accounts' as subject,
    'crm' as source,
    'accounts_with_segment' as check_name,
    cast(coalesce(segment_count, 0) as bigint) as counted,
    cast(account_count as bigint) as total,
    'Accounts, merged ones aside, that have a segment; the others are reported under (unknown).' as explanation
from accounts
union all
select
    'accounts' as subject,
    'crm' as source,
    'accounts_with_plan' as check_name,
    cast(coalesce(plan_count, 0) as bigint) as counted,
    cast(account_count as bigint) as total,
    'Accounts, merged ones aside, that have a plan; the others are eligible only for features of every plan.'
        as explanation
from accounts
union all
select
    'accounts' as subject,
    'crm' as source,
    'accounts_with_app_account' as check_name,
    cast(coalesce(app_account_count, 0) as bigint) as counted,
    cast(account_count as bigint) as total,
    'Accounts of which a CRM names the account in the app; usage cannot be joined to the others.' as explanation
from accounts
union all
select
    'accounts' as subject,
    'crm' as source,
    'accounts_excluded_as_test' as check_name,
    cast(coalesce(test_count, 0) as bigint) as counted,
    cast(account_count as bigint) as total,
    'Accounts marked as test accounts: their people are in no metric.' as explanation
from accounts
union all
select
    'accounts' as subject,
    source,
    'companies_merged_away' as check_name,
    cast(merged_count as bigint) as counted,
    cast(company_count as bigint) as total,
    'Companies merged into another one: everything that names them counts for the survivor.' as explanation
from companies
union all
select
    'accounts' as subject,
    source,
    'companies_of_this_crm_alone__' || unmatched_reason as check_name,
    cast(company_count as bigint) as counted,
    cast(survivor_count as bigint) as total,
    'Companies that were matched with none of an earlier CRM, for this reason: accounts of their own.' as explanation
from alone
union all
select
    'deals' as subject,
    source,
    'deals_with_account' as check_name,
    cast(linked_count as bigint) as counted,
    cast(deal_count as bigint) as total,
    'Deals linked to a company; the others are reported under (unknown).' as explanation
from deals
union all
select
    'deals' as subject,
    source,
    'deals_counted_from_another_crm' as check_name,
    cast(duplicate_count as bigint) as counted,
    cast(all_count as bigint) as total,
    'Deals that an earlier CRM keeps as well, as the synchronisation of the two says: counted there.' as explanation
from deals
