-- Grain: one row a company of a CRM and domain that it has: its first one and, in HubSpot, any other.
with companies as (
    select
        company_id,
        additional_domains
    from {{ ref('stg_hubspot__companies') }}
),

additional as (
    {{ json_array_rows('companies', ['company_id'], 'additional_domains') }}
)

select
    company_key,
    domain
from {{ ref('int_crm__companies') }}
where domain is not null
union distinct
select
    'hubspot:company:' || company_id as company_key,
    lower(trim(item)) as domain
from additional
where nullif(trim(item), '') is not null
