-- Grain: one row a company of the CRM, in its state of as_of. Merged companies stay, pointing to the company they
-- became (`merged_into_account_id`); no fact names them. Segment and plan are the current ones: usage and tickets
-- carry the segment of their own time.
with companies as (
    select
        companies.company_id,
        companies.owner_id,
        companies.app_account_id,
        companies.company_name,
        companies.segment,
        companies.plan,
        companies.arr_usd,
        companies.is_test_account,
        companies.is_archived,
        companies.churned_on,
        companies.created_at,
        merges.winner_company_id
    from {{ ref('stg_hubspot__companies') }} as companies
    left join {{ ref('int_crm__company_merges') }} as merges
        on companies.company_id = merges.company_id
)

select
    'hubspot:company:' || company_id as account_id,
    case when winner_company_id is not null then 'hubspot:company:' || winner_company_id end as merged_into_account_id,
    app_account_id,
    owner_id,
    company_name as account_name,
    coalesce(segment, '(unknown)') as segment,
    coalesce(plan, '(unknown)') as plan,
    arr_usd,
    is_test_account,
    churned_on is not null as is_churned,
    winner_company_id is not null as is_merged,
    is_archived,
    churned_on,
    created_at
from companies
