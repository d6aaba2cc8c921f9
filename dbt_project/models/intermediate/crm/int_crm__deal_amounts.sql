-- Grain: one row a deal of a CRM: its amount with its currency, and in the organisation's home currency: by the CRM's own
-- figure, else by the rate of the deal's day (the day it closed or is expected to, at latest the day before as_of). A CRM
-- whose deals name no currency has one, and its own figures are in it; no CRM tells us which, so it is taken for the home
-- currency. What nothing converts is null.
with deals as (
    select
        deals.deal_id,
        deals.source,
        deals.currency_original,
        organisation.home_currency,
        case
            when deals.currency_original is null then organisation.home_currency
            else deals.currency
        end as currency,
        deals.amount,
        deals.crm_amount,
        coalesce(deals.closed_date, {{ reporting_date('deals.created_at') }}) as deal_date
    from {{ ref('int_crm__deals') }} as deals
    cross join {{ ref('stg_registry__organisation') }} as organisation
),

dated as (
    select
        deals.*,
        case
            when deal_date < {{ as_of_date() }} then deal_date
            else {{ add_days(as_of_date(), -1) }}
        end as rate_date
    from deals
),

converted as (
    select
        dated.deal_id,
        dated.source,
        dated.currency_original,
        dated.currency,
        dated.amount,
        case
            when dated.currency = dated.home_currency then dated.amount
            else coalesce(dated.crm_amount, dated.amount * rates.rate)
        end as amount_home
    from dated
    left join {{ ref('int_crm__exchange_rates') }} as rates
        on
            dated.currency = rates.currency
            and dated.rate_date >= rates.valid_from
            and dated.rate_date < rates.valid_to
)

select
    deal_id,
    source,
    currency,
    amount,
    amount_home,
    amount is not null and currency_original is null as is_currency_assumed,
    currency is null as is_currency_unreadable,
    amount is not null and amount_home is null as is_amount_unconverted
from converted
