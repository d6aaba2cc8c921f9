-- Grain: one row a response to a survey of customers that came with a comment. Account, person and feature are the
-- response's.
select
    response_id as feedback_id,
    source,
    'survey' as channel,
    cast(null as {{ dbt.type_string() }}) as kind,
    nullif(account_id, '(unknown)') as account_id,
    account_rule,
    nullif(person_id, '(unknown)') as person_id,
    case when feature_id not in ('(unknown)', '(unmapped)') then feature_id end as feature_id,
    case when product_id not in ('(unknown)', '(unmapped)') then product_id end as product_id,
    survey_id as theme,
    cast(null as {{ dbt.type_string() }}) as sentiment,
    score,
    answered_at as created_at
from {{ ref('int_surveys__responses') }}
where
    has_comment
    and survey_kind <> 'team_pulse'
    and coalesce(not_counted_reason, '') not in ('internal', 'test_account')
