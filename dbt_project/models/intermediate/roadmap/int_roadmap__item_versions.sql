-- Grain: one row a state of a roadmap item (feature, subfeature, initiative), true from `valid_from` to `valid_to` (UTC,
-- the end exclusive). The first version known reaches back to the item's creation. A deletion, of which the vendor keeps
-- no time, counts from the day before the reading that no longer showed the item; so does its coming back.
with versions as (
    select * from {{ ref('stg_productboard__feature_versions') }}
    union all
    select * from {{ ref('stg_productboard__initiative_versions') }}
),

in_order_of_reading as (
    select
        *,
        coalesce(
            lag(is_deleted) over (partition by entity_id order by extracted_at asc, load_id asc, record_hash asc), false
        ) as was_deleted
    from versions
),

changes as (
    select
        *,
        case
            when is_deleted or was_deleted then {{ add_time('day', -1, 'extracted_at') }}
            else coalesce(updated_at, extracted_at)
        end as changed_at
    from in_order_of_reading
),

ordered as (
    select
        *,
        row_number() over (
            partition by entity_id order by changed_at asc, extracted_at asc, load_id asc, record_hash asc
        ) as version_number
    from changes
),

spells as (
    select
        *,
        case
            when version_number = 1 then coalesce(created_at, cast('1900-01-01' as timestamp)) else changed_at
        end as valid_from,
        lead(changed_at, 1, cast('9999-12-31' as timestamp)) over (
            partition by entity_id order by version_number asc
        ) as valid_to
    from ordered
)

select
    spells.version_id,
    'productboard:entity:' || spells.entity_id as roadmap_item_id,
    'productboard' as source,
    spells.entity_id as source_id,
    spells.entity_type as item_type,
    spells.entity_name as item_name,
    spells.status_original,
    statuses.stage,
    coalesce(statuses.agreeing_stages, '[]') as agreeing_stages,
    spells.starts_on,
    spells.ends_on,
    spells.timeframe_granularity,
    spells.owner_hash,
    spells.relationships,
    spells.source_system,
    spells.source_record_id,
    coalesce(hierarchy.feature_id, '(unmapped)') as feature_id,
    coalesce(hierarchy.product_id, '(unmapped)') as product_id,
    spells.is_archived,
    spells.is_deleted,
    not spells.is_archived and not spells.is_deleted and coalesce(statuses.is_active, true) as is_active,
    spells.version_number,
    spells.created_at,
    spells.updated_at,
    spells.valid_from,
    spells.valid_to
from spells
left join {{ ref('stg_registry__roadmap_statuses') }} as statuses
    on lower(spells.status_original) = statuses.status_name
left join {{ ref('int_roadmap__hierarchy') }} as hierarchy
    on spells.entity_id = hierarchy.node_id
where spells.valid_from < {{ as_of_at() }}
