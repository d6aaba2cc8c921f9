-- Grain: one row a deal that existed by as_of, in the state of then; a closed one with its owner of when it was closed.
-- The deal's name stays behind: it may name people.
with deals as (
    {{ stage_as_of(raw('hubspot', 'deals'), [
        ('properties.hubspot_owner_id', 'owner_id', 'id'),
        ('properties.dealstage', 'stage', 'text'),
        ('properties.pipeline', 'pipeline', 'text'),
        ('properties.dealtype', 'deal_type', 'text'),
        ('properties.deal_currency_code', 'currency_original', 'text'),
        ('properties.amount', 'amount', 'double'),
        ('properties.amount_in_home_currency', 'crm_amount', 'double'),
        ('properties.hs_is_closed_won', 'is_won', 'boolean'),
        ('properties.hs_is_closed', 'is_closed', 'boolean'),
        ('properties.closedate', 'closed_at', 'timestamp'),
        ('archived', 'is_archived', 'boolean'),
        ('createdAt', 'created_at', 'timestamp'),
        ('updatedAt', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
),

versions as (
    {{ stage_versions(raw('hubspot', 'deals'), [
        ('properties.hubspot_owner_id', 'owner_id', 'id'),
        ('properties.hs_is_closed', 'is_closed', 'boolean'),
        ('updatedAt', 'updated_at', 'timestamp'),
    ]) }}
),

owned as (
    {{ deals_with_owner('deals', 'versions') }}
)

select
    record_id as deal_id,
    nullif(deal_owner_id, '') as owner_id,
    nullif(stage, '') as stage,
    nullif(pipeline, '') as pipeline,
    nullif(deal_type, '') as deal_type,
    {{ is_renewal_deal('hubspot', 'deal_type') }} as is_renewal,
    nullif(trim(currency_original), '') as currency_original,
    {{ currency_code('currency_original') }} as currency,
    amount,
    -- In the currency of the HubSpot account.
    crm_amount,
    coalesce(is_won, false) as is_won,
    coalesce(is_closed, false) as is_closed,
    coalesce(is_archived, false) or is_deleted as is_deleted,
    closed_at,
    created_at,
    updated_at
from owned
where created_at is null or created_at < {{ as_of_at() }}
