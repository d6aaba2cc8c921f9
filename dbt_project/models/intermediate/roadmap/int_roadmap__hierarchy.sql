-- Grain: one row a product, component or item of the roadmap, in its place of as_of: the registry's feature and product
-- that it belongs to. The feature is that of the nearest one, itself first, whose name or id some feature lists; the
-- product is the feature's, else the one whose name the roadmap's product bears. A place keeps no history.
with item_versions as (
    select entity_id, entity_name, relationships, updated_at, extracted_at, load_id, record_hash
    from {{ ref('stg_productboard__feature_versions') }}
    union all
    select entity_id, entity_name, relationships, updated_at, extracted_at, load_id, record_hash
    from {{ ref('stg_productboard__initiative_versions') }}
),

ranked_items as (
    select
        *,
        {{ as_of_version_rank('entity_id', 'updated_at') }} as version_rank
    from item_versions
),

nodes as (
    select
        component_id as node_id,
        component_name as node_name,
        component_type as node_type,
        relationships
    from {{ ref('stg_productboard__components') }}
    union all
    select
        entity_id as node_id,
        entity_name as node_name,
        'item' as node_type,
        relationships
    from ranked_items
    where version_rank = 1
),

relationship_rows as (
    {{ productboard_relationships('nodes', ['node_id']) }}
),

parents as (
    select
        node_id,
        min(target_id) as parent_id
    from relationship_rows
    where relationship_type = 'parent'
    group by node_id
),

listed as (
    select
        nodes.node_id,
        min(features.ordinal) as ordinal
    from nodes
    inner join {{ ref('stg_registry__feature_roadmap_items') }} as listed_items
        on listed_items.roadmap_item in (lower(nodes.node_name), lower(nodes.node_id))
    inner join {{ ref('stg_registry__features') }} as features
        on listed_items.feature_id = features.feature_id
    group by nodes.node_id
),

placed as (
    select
        nodes.node_id,
        parents.parent_id,
        features.feature_id,
        case when nodes.node_type = 'product' then lower(nodes.node_name) end as product_name
    from nodes
    left join parents
        on nodes.node_id = parents.node_id
    left join listed
        on nodes.node_id = listed.node_id
    left join {{ ref('stg_registry__features') }} as features
        on listed.ordinal = features.ordinal
),

-- Subfeature, feature, component, component of that, product.
chains as (
    select
        placed.node_id,
        placed.parent_id,
        coalesce(
            placed.feature_id, first.feature_id, second.feature_id, third.feature_id, fourth.feature_id
        ) as feature_id,
        coalesce(
            placed.product_name, first.product_name, second.product_name, third.product_name, fourth.product_name
        ) as product_name
    from placed
    left join placed as first
        on placed.parent_id = first.node_id
    left join placed as second
        on first.parent_id = second.node_id
    left join placed as third
        on second.parent_id = third.node_id
    left join placed as fourth
        on third.parent_id = fourth.node_id
),

products as (
    select
        lower(trim(product_name)) as product_name,
        min(product_id) as product_id
    from {{ ref('stg_registry__products') }}
    group by lower(trim(product_name))
)

select
    chains.node_id,
    chains.parent_id,
    coalesce(chains.feature_id, '(unmapped)') as feature_id,
    coalesce(features.product_id, products.product_id, '(unmapped)') as product_id
from chains
left join {{ ref('stg_registry__features') }} as features
    on chains.feature_id = features.feature_id
left join products
    on chains.product_name = products.product_name
