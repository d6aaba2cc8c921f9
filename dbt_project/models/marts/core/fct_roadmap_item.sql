-- Grain: one row a roadmap item (feature, subfeature, initiative) in its state as of as_of. Deleted items are left out,
-- archived ones stay, as not active.
select
    roadmap_item_id,
    source,
    item_type,
    item_name,
    parent_id,
    initiative_id,
    release_id,
    status_original,
    stage,
    timeframe_start_date,
    timeframe_end_date,
    timeframe_granularity,
    owner_hash,
    product_id,
    feature_id,
    is_active,
    is_archived,
    linked_issue_count,
    created_at,
    updated_at
from {{ ref('int_roadmap__items') }}
where not is_deleted
