-- Grain: one row a response to a survey of customers that came with a comment, whether or not its score counts. Account,
-- person and feature are the response's.
select
    responses.response_id as feedback_id,
    responses.source,
    'survey' as channel,
    cast(null as {{ dbt.type_string() }}) as kind,
    nullif(responses.account_id, '(unknown)') as account_id,
    responses.account_rule,
    nullif(responses.person_id, '(unknown)') as person_id,
    case when responses.feature_id not in ('(unknown)', '(unmapped)') then responses.feature_id end as feature_id,
    case when responses.product_id not in ('(unknown)', '(unmapped)') then responses.product_id end as product_id,
    cast(null as {{ dbt.type_string() }}) as theme,
    responses.survey_id,
    cast(null as {{ dbt.type_string() }}) as sentiment,
    responses.score,
    responses.answered_at as created_at
from {{ ref('int_surveys__responses') }} as responses
-- Those of a team pulse have no respondent.
inner join {{ ref('int_surveys__respondents') }} as respondents
    on responses.response_id = respondents.response_id
where
    responses.has_comment
    and not respondents.is_internal
    and not respondents.is_test_account
