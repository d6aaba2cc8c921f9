{{ config(meta={'dagster': {'ref': {'name': 'dim_account'}}}) }}
-- Everything that names a merged company counts for its survivor.
with facts as (
    select account_id from {{ ref('fct_ticket') }}
    union all
    select account_id from {{ ref('fct_deal') }}
    union all
    select account_id from {{ ref('fct_account_usage_daily') }}
)

select facts.account_id
from facts
inner join {{ ref('dim_account') }} as accounts
    on facts.account_id = accounts.account_id
where accounts.is_merged
group by facts.account_id
