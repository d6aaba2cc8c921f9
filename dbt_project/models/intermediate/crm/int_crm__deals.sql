-- Grain: one row a deal of a CRM that existed by as_of, in its state of as_of. `company_key` is the deal's primary
-- company. A deal that two CRMs keep, as their synchronisation says, is a duplicate in the later one of `crm_order`;
-- a deal that several deals claim to be is none.
with deal_companies as (
    select
        associations.from_id as deal_id,
        associations.to_id as company_id,
        -- Of several equal companies the one with the smallest id.
        row_number() over (
            partition by associations.from_id
            order by
                case when associations.is_primary then 0 else 1 end asc,
                length(associations.to_id) asc,
                associations.to_id asc
        ) as company_rank
    from {{ ref('stg_hubspot__associations') }} as associations
    inner join {{ ref('stg_hubspot__companies') }} as companies
        on associations.to_id = companies.company_id
    where
        associations.from_type = 'deals'
        and associations.to_type = 'companies'
        and not associations.is_deleted
),

history as (
    select
        opportunity_id,
        stage,
        changed_at,
        lag(stage) over (partition by opportunity_id order by changed_at, history_id) as previous_stage
    from {{ ref('stg_salesforce__opportunity_history') }}
),

stage_entries as (
    select
        opportunity_id,
        stage,
        max(changed_at) as entered_at
    from history
    where
        previous_stage is null
        or previous_stage <> stage
    group by opportunity_id, stage
),

-- A stage is known by its label alone: where that was changed since, the last entry of all is that into the stage of now.
last_entries as (
    select
        opportunity_id,
        max(entered_at) as entered_at
    from stage_entries
    group by opportunity_id
),

deals as (
    select
        'hubspot:deal:' || deals.deal_id as deal_id,
        'hubspot' as source,
        'hubspot:company:' || deal_companies.company_id as company_key,
        cast(null as {{ dbt.type_string() }}) as same_deal_id,
        deals.owner_id,
        deals.stage,
        deals.pipeline,
        deals.deal_type,
        deals.is_renewal,
        deals.currency_original,
        deals.currency,
        deals.amount,
        deals.crm_amount,
        deals.is_won,
        deals.is_closed,
        deals.is_deleted,
        {{ reporting_date('deals.closed_at') }} as closed_date,
        deals.created_at,
        deals.closed_at
    from {{ ref('stg_hubspot__deals') }} as deals
    left join deal_companies
        on
            deals.deal_id = deal_companies.deal_id
            and deal_companies.company_rank = 1
    union all
    select
        'salesforce:opportunity:' || opportunities.opportunity_id as deal_id,
        'salesforce' as source,
        'salesforce:account:' || opportunities.account_id as company_key,
        'hubspot:deal:' || opportunities.hubspot_deal_id as same_deal_id,
        opportunities.owner_id,
        opportunities.stage,
        cast(null as {{ dbt.type_string() }}) as pipeline,
        opportunities.deal_type,
        opportunities.is_renewal,
        opportunities.currency_original,
        opportunities.currency,
        opportunities.amount,
        cast(null as double) as crm_amount,
        opportunities.is_won,
        opportunities.is_closed,
        opportunities.is_deleted,
        opportunities.close_date as closed_date,
        opportunities.created_at,
        -- The close date is a day; the moment is that of the closing stage.
        case when opportunities.is_closed then coalesce(stage_entries.entered_at, last_entries.entered_at) end as closed_at
    from {{ ref('stg_salesforce__opportunities') }} as opportunities
    left join stage_entries
        on
            opportunities.opportunity_id = stage_entries.opportunity_id
            and opportunities.stage = stage_entries.stage
    left join last_entries
        on opportunities.opportunity_id = last_entries.opportunity_id
),

ranked as (
    select
        *,
        {{ crm_rank('source', 'deal_id') }} as crm_rank
    from deals
),

pairs as (
    select
        claiming.deal_id,
        claiming.same_deal_id,
        claiming.crm_rank < claimed.crm_rank as is_first,
        count(*) over (partition by claiming.same_deal_id) as claim_count
    from ranked as claiming
    inner join ranked as claimed
        on claiming.same_deal_id = claimed.deal_id
    where
        not claiming.is_deleted
        and not claimed.is_deleted
),

duplicates as (
    select case when is_first then same_deal_id else deal_id end as deal_id
    from pairs
    where claim_count = 1
)

select
    ranked.deal_id,
    ranked.source,
    ranked.company_key,
    ranked.owner_id,
    ranked.stage,
    ranked.pipeline,
    ranked.deal_type,
    ranked.is_renewal,
    ranked.currency_original,
    ranked.currency,
    ranked.amount,
    ranked.crm_amount,
    ranked.is_won,
    ranked.is_closed,
    ranked.is_deleted,
    duplicates.deal_id is not null as is_duplicate,
    ranked.closed_date,
    ranked.created_at,
    ranked.closed_at
from ranked
left join duplicates
    on ranked.deal_id = duplicates.deal_id
