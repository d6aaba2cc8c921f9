-- Grain: one row a rating of a counted ticket that came with a comment. Account, person and feature are the ticket's.
-- The comment was made when the rating was given, not when it was asked for.
select
    rating_id as feedback_id,
    source,
    'ticket_rating' as channel,
    cast(null as {{ dbt.type_string() }}) as kind,
    nullif(account_id, '(unknown)') as account_id,
    account_rule,
    nullif(person_id, '(unknown)') as person_id,
    case when feature_id <> '(untagged)' then feature_id end as feature_id,
    case when feature_id <> '(untagged)' then product_id end as product_id,
    cast(null as {{ dbt.type_string() }}) as theme,
    cast(null as {{ dbt.type_string() }}) as survey_id,
    case score when 'good' then 'positive' when 'bad' then 'negative' end as sentiment,
    cast(null as double) as score,
    rated_at as created_at
from {{ ref('int_support__ratings') }}
where
    has_comment
    and is_counted
    and rated_at is not null
