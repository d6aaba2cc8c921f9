-- Grain: one row a link of a contact to a company by as_of. HubSpot has associations, of which one may be primary;
-- in Salesforce a contact has one account, and a lead has none.
select
    'hubspot:contact:' || from_id as contact_key,
    'hubspot:company:' || to_id as company_key,
    'hubspot' as source,
    is_primary
from {{ ref('stg_hubspot__associations') }}
where
    from_type = 'contacts'
    and to_type = 'companies'
    and not is_deleted
union all
select
    'salesforce:contact:' || contact_id as contact_key,
    'salesforce:account:' || account_id as company_key,
    'salesforce' as source,
    true as is_primary
from {{ ref('stg_salesforce__contacts') }}
where
    account_id is not null
    and not is_deleted
