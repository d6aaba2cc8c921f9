-- Grain: one row a roadmap item, an issue of the tracker that it is linked with as of as_of, and how they are linked.
-- Links of deleted items and links to issues that the tracker does not show are left out.
select distinct
    links.roadmap_item_id,
    links.issue_id,
    links.how_linked
from {{ ref('int_roadmap__issue_links') }} as links
inner join {{ ref('int_roadmap__items') }} as items
    on links.roadmap_item_id = items.roadmap_item_id
where
    links.issue_id is not null
    and links.valid_to >= {{ as_of_at() }}
    and not items.is_deleted
