-- Grain: one row a rating of a counted ticket that came with a comment. Account, person and feature are the ticket's.
select
    'zendesk:rating:' || ratings.rating_id as feedback_id,
    'zendesk' as source,
    'ticket_rating' as channel,
    nullif(tickets.account_id, '(unknown)') as account_id,
    tickets.account_rule,
    nullif(tickets.person_id, '(unknown)') as person_id,
    case when tickets.feature_id <> '(untagged)' then tickets.feature_id end as feature_id,
    case when tickets.feature_id <> '(untagged)' then tickets.product_id end as product_id,
    cast(null as {{ dbt.type_string() }}) as theme,
    case ratings.score when 'good' then 'positive' when 'bad' then 'negative' end as sentiment,
    cast(null as double) as score,
    ratings.created_at
from {{ ref('stg_zendesk__satisfaction_ratings') }} as ratings
inner join {{ ref('int_support__tickets') }} as tickets
    on ratings.ticket_id = tickets.ticket_id
where
    ratings.has_comment
    and tickets.is_counted
