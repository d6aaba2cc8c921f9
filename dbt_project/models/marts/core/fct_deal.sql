-- Grain: one row a deal of the CRM that existed by as_of and is not archived, in its state of as_of. The segment
-- is that of the account on the day the deal was created.
with deals as (
    select
        deal_id,
        owner_id,
        stage,
        pipeline,
        deal_type,
        amount_usd,
        is_won,
        is_closed,
        created_at,
        closed_at
    from {{ ref('stg_hubspot__deals') }}
    where not is_deleted
),

-- The primary company counts; of several equal ones the one with the smallest id.
companies as (
    select
        associations.from_id as deal_id,
        accounts.account_id,
        row_number() over (
            partition by associations.from_id
            order by
                case when associations.is_primary then 0 else 1 end asc,
                length(associations.to_id) asc,
                associations.to_id asc
        ) as company_rank
    from {{ ref('stg_hubspot__associations') }} as associations
    inner join {{ ref('int_identity__accounts') }} as accounts
        on 'hubspot:company:' || associations.to_id = accounts.account_key
    where
        associations.from_type = 'deals'
        and associations.to_type = 'companies'
        and not associations.is_deleted
)

select
    deals.deal_id,
    coalesce(companies.account_id, '(unknown)') as account_id,
    deals.owner_id,
    coalesce(segments.segment, '(unknown)') as segment,
    coalesce(deals.stage, '(unknown)') as stage,
    coalesce(deals.pipeline, '(unknown)') as pipeline,
    deals.deal_type,
    deals.amount_usd,
    deals.is_won,
    deals.is_closed,
    {{ reporting_date('deals.created_at') }} as created_date,
    {{ reporting_date('deals.closed_at') }} as closed_date,
    deals.created_at,
    deals.closed_at
from deals
left join companies
    on
        deals.deal_id = companies.deal_id
        and companies.company_rank = 1
left join {{ ref('int_crm__account_segments') }} as segments
    on
        companies.account_id = segments.account_id
        and {{ reporting_date('deals.created_at') }} >= segments.valid_from
        and {{ reporting_date('deals.created_at') }} < segments.valid_to
