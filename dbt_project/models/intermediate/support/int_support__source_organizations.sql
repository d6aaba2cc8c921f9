-- Grain: one row a customer's organization in a support tool. `organization_key` is `<tool>:<kind>:<id>`, as tickets
-- name it; `external_id` is the app's account, where somebody saw to that; `domain_names` is a JSON array.
select
    'zendesk' as source,
    'zendesk:organization:' || organization_id as organization_key,
    external_id,
    domain_names,
    is_deleted
from {{ ref('stg_zendesk__organizations') }}
union all
select
    'intercom' as source,
    'intercom:company:' || company_id as organization_key,
    external_id,
    case when domain is null then '[]' else '["' || domain || '"]' end as domain_names,
    is_deleted
from {{ ref('stg_intercom__companies') }}
