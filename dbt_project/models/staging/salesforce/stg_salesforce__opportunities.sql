-- Grain: one row an opportunity that existed by as_of, in the state of then; a closed one with its owner of when it was
-- closed. Its name stays behind: it may name people.
with opportunities as (
    {{ stage_as_of(raw('salesforce', 'opportunities'), [
        ('AccountId', 'account_id', 'id'),
        ('OwnerId', 'owner_id', 'id'),
        (mapped_field('salesforce', 'hubspot_deal'), 'hubspot_deal_id', 'text'),
        ('StageName', 'stage', 'text'),
        ('Type', 'deal_type', 'text'),
        ('CurrencyIsoCode', 'currency_original', 'text'),
        ('Amount', 'amount', 'double'),
        ('IsWon', 'is_won', 'boolean'),
        ('IsClosed', 'is_closed', 'boolean'),
        ('CloseDate', 'close_date', 'date'),
        ('CreatedDate', 'created_at', 'timestamp'),
        ('SystemModstamp', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
),

versions as (
    {{ stage_versions(raw('salesforce', 'opportunities'), [
        ('OwnerId', 'owner_id', 'id'),
        ('IsClosed', 'is_closed', 'boolean'),
        ('SystemModstamp', 'updated_at', 'timestamp'),
    ]) }}
),

owned as (
    {{ deals_with_owner('opportunities', 'versions') }}
)

select
    record_id as opportunity_id,
    account_id,
    nullif(deal_owner_id, '') as owner_id,
    nullif(hubspot_deal_id, '') as hubspot_deal_id,
    stage,
    deal_type,
    {{ is_renewal_deal('salesforce', 'deal_type') }} as is_renewal,
    nullif(trim(currency_original), '') as currency_original,
    {{ currency_code('currency_original') }} as currency,
    amount,
    coalesce(is_won, false) as is_won,
    coalesce(is_closed, false) as is_closed,
    is_deleted,
    close_date,
    created_at,
    updated_at
from owned
where created_at is null or created_at < {{ as_of_at() }}
