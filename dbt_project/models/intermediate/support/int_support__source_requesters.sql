-- Grain: one row a user of a support tool. `requester_key` is `<tool>:<identity type>:<id>`, as tickets name it;
-- `is_customer` tells those who ask from those who answer.
select
    'zendesk' as source,
    'user' as identity_type,
    cast(user_id as {{ dbt.type_string() }}) as requester_id,
    'zendesk:user:' || user_id as requester_key,
    email_hash,
    external_hash,
    coalesce(role = 'end-user', false) as is_customer,
    is_internal_email
from {{ ref('stg_zendesk__users') }}
union all
select
    'intercom' as source,
    'contact' as identity_type,
    cast(contact_id as {{ dbt.type_string() }}) as requester_id,
    'intercom:contact:' || contact_id as requester_key,
    email_hash,
    external_hash,
    true as is_customer,
    is_internal_email
from {{ ref('stg_intercom__contacts') }}
