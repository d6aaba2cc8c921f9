-- Grain: one row a ticket with a feature tag: the feature it belongs to, the first of the registry's file of those
-- whose tags it bears.
with tickets as (
    select
        ticket_id,
        tags
    from {{ ref('stg_zendesk__tickets') }}
),

tag_rows as (
    {{ json_array_rows('tickets', ['ticket_id'], 'tags') }}
),

matches as (
    select
        tag_rows.ticket_id,
        features.feature_id,
        features.product_id,
        row_number() over (partition by tag_rows.ticket_id order by features.ordinal asc) as feature_rank
    from tag_rows
    inner join {{ ref('stg_registry__feature_ticket_tags') }} as feature_tags
        on lower(tag_rows.item) = lower(feature_tags.ticket_tag)
    inner join {{ ref('stg_registry__features') }} as features
        on feature_tags.feature_id = features.feature_id
)

select
    ticket_id,
    feature_id,
    product_id
from matches
where feature_rank = 1
