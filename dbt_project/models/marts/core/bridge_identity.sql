-- Grain: one row an identity of a tool: which person or account it belongs to, by which rule and how surely, or why it
-- was matched with nothing. App users and devices are listed by their hash, never by their id.
select
    source,
    identity_type,
    identity_key,
    person_id,
    cast(null as {{ dbt.type_string() }}) as account_id,
    rule,
    confidence,
    unmatched_reason
from {{ ref('int_identity__person_keys') }}
union all
select
    source,
    case when source = 'app' then 'account' else entity_type end as identity_type,
    -- An id may have colons itself.
    substring(
        account_key, length(source) + 2 + case when source = 'app' then 0 else length(entity_type) + 1 end
    ) as identity_key,
    cast(null as {{ dbt.type_string() }}) as person_id,
    account_id,
    rule,
    cast(confidence as double) as confidence,
    unmatched_reason
from (
    select
        {{ text_part('account_key', "':'", 1) }} as source,
        {{ text_part('account_key', "':'", 2) }} as entity_type,
        account_key,
        account_id,
        rule,
        confidence,
        unmatched_reason
    from {{ ref('int_identity__accounts') }}
) as accounts
