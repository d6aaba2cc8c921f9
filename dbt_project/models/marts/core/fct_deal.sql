-- Grain: one row a deal of the CRM that existed by as_of and is not archived, in its state of as_of. The segment
-- is that of the account on the day the deal was created. A deal that two CRMs keep is counted once.
with deals as (
    select
        deal_id,
        source,
        company_key,
        owner_id,
        stage,
        pipeline,
        deal_type,
        is_renewal,
        is_won,
        is_closed,
        closed_date,
        created_at,
        closed_at
    from {{ ref('int_crm__deals') }}
    where
        not is_deleted
        and not is_duplicate
),

accounts as (
    select
        keys.account_key,
        keys.account_id,
        customers.is_test_account
    from {{ ref('int_identity__accounts') }} as keys
    left join {{ ref('int_crm__accounts') }} as customers
        on keys.account_id = customers.account_id
)

select
    deals.deal_id,
    deals.source,
    coalesce(accounts.account_id, '(unknown)') as account_id,
    deals.owner_id,
    coalesce(segments.segment, '(unknown)') as segment,
    coalesce(deals.stage, '(unknown)') as stage,
    coalesce(deals.pipeline, '(unknown)') as pipeline,
    deals.deal_type,
    deals.is_renewal,
    amounts.currency,
    amounts.amount,
    amounts.amount_home,
    deals.is_won,
    deals.is_closed,
    not coalesce(accounts.is_test_account, false) as is_counted,
    {{ reporting_date('deals.created_at') }} as created_date,
    deals.closed_date,
    deals.created_at,
    deals.closed_at
from deals
inner join {{ ref('int_crm__deal_amounts') }} as amounts
    on deals.deal_id = amounts.deal_id
left join accounts
    on deals.company_key = accounts.account_key
left join {{ ref('int_crm__account_segments') }} as segments
    on
        accounts.account_id = segments.account_id
        and {{ reporting_date('deals.created_at') }} >= segments.valid_from
        and {{ reporting_date('deals.created_at') }} < segments.valid_to
