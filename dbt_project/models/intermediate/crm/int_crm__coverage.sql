-- Grain: one row a check of a CRM's data: how many of how many are as its name says. Accounts are what the CRMs keep
-- together; where there is no CRM, their rows say none of none.
with accounts as (
    select *
    from {{ ref('int_crm__accounts') }}
    where not is_merged
),

companies as (
    select *
    from {{ ref('int_crm__company_accounts') }}
),

deals as (
    select
        deals.source,
        deals.is_duplicate,
        amounts.amount is not null as has_amount,
        amounts.is_currency_assumed,
        amounts.is_currency_unreadable,
        amounts.is_amount_unconverted,
        companies.company_key is not null as has_company
    from {{ ref('int_crm__deals') }} as deals
    inner join {{ ref('int_crm__deal_amounts') }} as amounts
        on deals.deal_id = amounts.deal_id
    left join companies
        on deals.company_key = companies.company_key
    where not deals.is_deleted
)

{{ coverage_rows('accounts', 'accounts', source="'crm'", checks=[
    ('accounts_with_segment', "segment <> '(unknown)'", 'true',
     'Accounts, merged ones aside, that have a segment; the others are reported under (unknown).'),
    ('accounts_with_plan', "plan <> '(unknown)'", 'true',
     'Accounts, merged ones aside, that have a plan; the others are eligible only for features of every plan.'),
    ('accounts_with_renewal_date', 'renews_on is not null', 'last_arr_home > 0 and not is_churned and not is_test_account',
     'Accounts that pay and of which the CRM has the day of the next renewal; the others are in no list of coming renewals.'),
    ('accounts_with_app_account', 'app_account_id is not null', 'true',
     'Accounts of which a CRM names the account in the app; usage cannot be joined to the others.'),
    ('accounts_excluded_as_test', 'is_test_account', 'true',
     'Accounts marked as test accounts: their people are in no metric.'),
]) }}
union all
{{ coverage_rows('companies', 'accounts', [
    ('companies_merged_away', 'is_merged', 'true',
     'Companies merged into another one: everything that names them counts for the survivor.'),
]) }}
union all
{{ coverage_rows(ref('int_crm__companies'), 'accounts', [
    ('companies_without_revenue_in_home_currency', 'is_arr_unconverted', 'arr_home is not null or is_arr_unconverted',
     'Companies whose recurring revenue is in a currency without a rate in exchange_rates.yml: null.'),
]) }}
union all
{{ coverage_rows_by_reason(
    'companies', "'accounts'", "'companies_of_this_crm_alone__' || unmatched_reason",
    'case when not is_merged then unmatched_reason end',
    'Companies that were matched with none of an earlier CRM, for this reason: accounts of their own.',
    total='not is_merged'
) }}
union all
{{ coverage_rows(ref('int_crm__contact_emails'), 'contacts', [
    ('contact_emails_of_several_contacts', 'is_of_several_contacts', 'true',
     'E-mail addresses of contacts and leads that another one of the CRM has too: where the two are two persons, nobody is found by it.'),
]) }}
union all
{{ coverage_rows('deals', 'deals', [
    ('deals_with_account', 'has_company', 'not is_duplicate',
     'Deals linked to a company; the others are reported under (unknown).'),
    ('deals_counted_from_another_crm', 'is_duplicate', 'true',
     'Deals that an earlier CRM keeps as well, as the synchronisation of the two says: counted there.'),
    ('deals_without_currency', 'is_currency_assumed', 'has_amount',
     "Deals with an amount and no currency of their own: taken for the organisation's home currency."),
    ('deals_with_unreadable_currency', 'is_currency_unreadable', 'true',
     'Deals whose currency is no code of three letters: it is null.'),
    ('deals_without_amount_in_home_currency', 'is_amount_unconverted', 'has_amount',
     "Deals whose amount neither the CRM's own figure nor a rate of exchange_rates.yml converts: null in the home currency."),
]) }}
