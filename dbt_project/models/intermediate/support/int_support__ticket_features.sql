-- Grain: one row a ticket with a feature tag: the feature it belongs to, the first of the registry's file of those
-- whose tags it bears.
with matches as (
    select
        tags.ticket_id,
        features.feature_id,
        features.product_id,
        row_number() over (partition by tags.ticket_id order by features.ordinal asc) as feature_rank
    from {{ ref('int_support__source_tags') }} as tags
    inner join {{ ref('stg_registry__feature_ticket_tags') }} as feature_tags
        on lower(tags.tag) = lower(feature_tags.ticket_tag)
    inner join {{ ref('stg_registry__features') }} as features
        on feature_tags.feature_id = features.feature_id
)

select
    ticket_id,
    feature_id,
    product_id
from matches
where feature_rank = 1
