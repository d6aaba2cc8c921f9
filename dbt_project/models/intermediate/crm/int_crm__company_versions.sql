-- Grain: one row a version of a company that was ever read from a CRM. The segment's history comes from here.
select
    'hubspot:company:' || company_id as company_key,
    'hubspot' as source,
    segment,
    renews_on,
    load_id,
    record_hash,
    updated_at,
    extracted_at
from {{ ref('stg_hubspot__company_versions') }}
union all
select
    'salesforce:account:' || account_id as company_key,
    'salesforce' as source,
    segment,
    renews_on,
    load_id,
    record_hash,
    updated_at,
    extracted_at
from {{ ref('stg_salesforce__account_versions') }}
