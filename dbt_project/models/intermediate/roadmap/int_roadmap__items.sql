-- Grain: one row a roadmap item that existed as of as_of (those deleted by then too), in its state of then.
with current_versions as (
    select *
    from {{ ref('int_roadmap__item_versions') }}
    where valid_to >= {{ as_of_at() }}
),

relationship_rows as (
    {{ productboard_relationships('current_versions', ['roadmap_item_id', 'source_id'], 'source_id') }}
),

related as (
    select
        roadmap_item_id,
        min(case when relationship_type = 'parent' then 'productboard:entity:' || target_id end) as parent_id,
        min(case when target_type = 'release' then 'productboard:entity:' || target_id end) as release_id,
        min(case when target_type = 'initiative' then 'productboard:entity:' || target_id end) as initiative_id
    from relationship_rows
    group by roadmap_item_id
),

links as (
    select
        roadmap_item_id,
        cast(count(distinct issue_id) as bigint) as linked_issue_count
    from {{ ref('int_roadmap__issue_links') }}
    where valid_to >= {{ as_of_at() }}
    group by roadmap_item_id
)

select
    current_versions.roadmap_item_id,
    current_versions.source,
    current_versions.item_type,
    current_versions.item_name,
    related.parent_id,
    related.initiative_id,
    related.release_id,
    current_versions.status_original,
    current_versions.stage,
    current_versions.starts_on as timeframe_start_date,
    current_versions.ends_on as timeframe_end_date,
    current_versions.timeframe_granularity,
    current_versions.owner_hash,
    current_versions.product_id,
    current_versions.feature_id,
    coalesce(features.team_id, '(unknown)') as team_id,
    coalesce(teams.owner, products.owner) as owner,
    current_versions.is_active,
    current_versions.is_archived,
    current_versions.is_deleted,
    coalesce(links.linked_issue_count, 0) as linked_issue_count,
    current_versions.created_at,
    current_versions.updated_at
from current_versions
left join related
    on current_versions.roadmap_item_id = related.roadmap_item_id
left join {{ ref('int_features__features') }} as features
    on current_versions.feature_id = features.feature_id
left join {{ ref('stg_registry__teams') }} as teams
    on features.team_id = teams.team_id
left join {{ ref('stg_registry__products') }} as products
    on current_versions.product_id = products.product_id
left join links
    on current_versions.roadmap_item_id = links.roadmap_item_id
