-- Grain: one row a company of a CRM, in its state of as_of, merged and archived ones included. The same customer in
-- two CRMs has a row of each: int_crm__company_accounts says whose account each is. Recurring revenue is converted to the
-- home currency by the rate of the day before as_of.
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
        arr_currency,
        arr,
        is_test_account,
        is_archived,
        churned_on,
        renews_on,
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
        arr_currency,
        arr,
        is_test_account,
        is_deleted as is_archived,
        churned_on,
        renews_on,
        created_at
    from {{ ref('stg_salesforce__accounts') }}
)

select
    companies.company_key,
    companies.source,
    companies.owner_id,
    companies.app_account_id,
    companies.company_name,
    companies.domain,
    companies.segment,
    companies.plan,
    {{ crm_rank('companies.source', 'companies.company_key') }} as crm_rank,
    companies.arr * rates.rate as arr_home,
    companies.arr is not null and rates.rate is null as is_arr_unconverted,
    companies.is_test_account,
    companies.is_archived,
    companies.churned_on,
    companies.renews_on,
    companies.created_at
from companies
left join {{ ref('int_crm__exchange_rates') }} as rates
    on
        companies.arr_currency = rates.currency
        and {{ add_days(as_of_date(), -1) }} >= rates.valid_from
        and {{ add_days(as_of_date(), -1) }} < rates.valid_to
