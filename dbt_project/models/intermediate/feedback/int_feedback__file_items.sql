-- Grain: one row an item of feedback of a dropped file. The account that the file names goes before that of the person
-- with the address; the feature may be named as it was called before.
with items as (
    select
        feedback_id,
        source,
        kind,
        email_hash,
        account_key,
        feature_id,
        theme,
        created_at
    from {{ ref('stg_files__feedback') }}
)

select
    'files:' || items.feedback_id as feedback_id,
    'files' as source,
    items.source as channel,
    items.kind,
    coalesce(named_accounts.account_id, nullif(persons.account_id, '(unknown)')) as account_id,
    case
        when named_accounts.account_id is not null then 'named_account'
        when nullif(persons.account_id, '(unknown)') is not null then 'email'
        when items.account_key is not null then 'named_account_of_no_company'
        else 'no_customer'
    end as account_rule,
    emails.person_id,
    features.feature_id,
    features.product_id,
    lower(trim(items.theme)) as theme,
    cast(null as {{ dbt.type_string() }}) as survey_id,
    cast(null as {{ dbt.type_string() }}) as sentiment,
    cast(null as double) as score,
    items.created_at
from items
left join {{ ref('int_identity__accounts') }} as named_accounts
    on 'app:' || items.account_key = named_accounts.account_key
left join {{ ref('int_identity__person_emails') }} as emails
    on items.email_hash = emails.email_hash
left join {{ ref('int_identity__persons') }} as persons
    on emails.person_id = persons.person_id
left join {{ ref('stg_registry__former_ids') }} as former_ids
    on
        former_ids.dimension = 'feature_id'
        and items.feature_id = former_ids.former_id
left join {{ ref('stg_registry__features') }} as features
    on coalesce(former_ids.member_id, items.feature_id) = features.feature_id
