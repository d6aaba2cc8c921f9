-- Grain: one row a company of a CRM, in its state of as_of, merged and archived ones included. The same customer in
-- two CRMs has a row of each: int_crm__company_accounts says whose account each is.
with companies as (
    select
        'hubspot' as source,
        'hubspot:company:' || company_id as company_key,
        owner_id,
        app_account_id,
        company_name,
        domain,
        segment,
        plan,
        arr_usd,
        is_test_account,
        is_archived,
        churned_on,
        created_at
    from {{ ref('stg_hubspot__companies') }}
    union all
    select
        'salesforce' as source,
        'salesforce:account:' || account_id as company_key,
        owner_id,
        app_account_id,
        account_name as company_name,
        domain,
        segment,
        plan,
        arr_usd,
        is_test_account,
        is_deleted as is_archived,
        churned_on,
        created_at
    from {{ ref('stg_salesforce__accounts') }}
)

select
    company_key,
    source,
    owner_id,
    app_account_id,
    company_name,
    domain,
    segment,
    plan,
    {{ crm_rank('source') }} as crm_rank,
    arr_usd,
    is_test_account,
    is_archived,
    churned_on,
    created_at
from companies
