-- One row a contact that was merged into another one: `contact_key` lives on in `winner_key` (chains are followed). A
-- lead that was converted lives on in its contact. In HubSpot the winner lists the merged ids, in Salesforce the loser
-- names its master.
with merged as (
    {{ json_array_rows(ref('stg_hubspot__contacts'), ['contact_id'], 'merged_contact_ids') }}
),

steps as (
    select
        'hubspot:contact:' || item as key,
        'hubspot:contact:' || min(contact_id) as winner_key
    from merged
    where item <> contact_id
    group by item
    union all
    select
        'salesforce:contact:' || contact_id as key,
        'salesforce:contact:' || master_contact_id as winner_key
    from {{ ref('stg_salesforce__contacts') }}
    where
        is_deleted
        and master_contact_id <> contact_id
    union all
    select
        'salesforce:lead:' || lead_id as key,
        case
            when is_converted then 'salesforce:contact:' || converted_contact_id
            else 'salesforce:lead:' || master_lead_id
        end as winner_key
    from {{ ref('stg_salesforce__leads') }}
    where
        (is_converted and converted_contact_id is not null)
        or (is_deleted and not is_converted and master_lead_id <> lead_id)
),

followed as (
    {{ followed_merges('steps') }}
)

select
    key as contact_key,
    winner_key
from followed
