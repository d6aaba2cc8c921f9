-- Grain: one row a company that was merged away by as_of: `company_key` lives on in `winner_company_key`, the last of
-- the chain. In HubSpot the winner lists the merged ids, and a loser that is archived later than as_of is not merged
-- yet; in Salesforce the loser names its master. One whose winner nobody has read stays a company of its own.
with companies as (
    select
        company_id,
        merged_company_ids
    from {{ ref('stg_hubspot__companies') }}
),

-- Archived after as_of in the only versions that were read: at as_of these were companies of their own.
losers_merged_later as (
    select company_id
    from {{ ref('stg_hubspot__company_versions') }}
    group by company_id
    having min(archived_at) >= {{ as_of_at() }}
),

merged as (
    {{ json_array_rows('companies', ['company_id'], 'merged_company_ids') }}
),

steps as (
    select
        'hubspot:company:' || merged.item as key,
        'hubspot:company:' || min(merged.company_id) as winner_key
    from merged
    left join losers_merged_later
        on merged.item = losers_merged_later.company_id
    where
        merged.item <> merged.company_id
        and losers_merged_later.company_id is null
    group by merged.item
    union all
    select
        'salesforce:account:' || account_id as key,
        'salesforce:account:' || master_account_id as winner_key
    from {{ ref('stg_salesforce__accounts') }}
    where
        is_deleted
        and master_account_id <> account_id
),

followed as (
    {{ followed_merges('steps') }}
),

known as (
    select 'hubspot:company:' || company_id as key
    from companies
    union all
    select 'salesforce:account:' || account_id as key
    from {{ ref('stg_salesforce__accounts') }}
)

select
    followed.key as company_key,
    followed.winner_key as winner_company_key
from followed
inner join known
    on followed.winner_key = known.key
