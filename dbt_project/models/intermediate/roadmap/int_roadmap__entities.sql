-- Grain: one row whatever an item of the roadmap belongs to or is planned for: a product, component, feature, initiative or
-- release, deleted ones too; and what items name but the tool does not show.
with release_versions as (
    select
        entity_id,
        entity_name,
        status_original,
        starts_on,
        ends_on,
        {{ as_of_version_rank('entity_id', 'updated_at') }} as version_rank
    from {{ ref('stg_productboard__release_versions') }}
),

components as (
    select
        component_id as entity_id,
        component_type as entity_type,
        component_name as entity_name,
        cast(null as {{ dbt.type_string() }}) as status_original,
        cast(null as date) as starts_on,
        cast(null as date) as ends_on
    from {{ ref('stg_productboard__components') }}
),

releases as (
    select
        entity_id,
        'release' as entity_type,
        entity_name,
        status_original,
        starts_on,
        ends_on
    from release_versions
    where version_rank = 1
),

items as (
    select * from {{ ref('int_roadmap__items') }}
),

shown as (
    select
        'productboard:entity:' || entity_id as roadmap_entity_id,
        entity_type,
        entity_name,
        status_original,
        starts_on,
        ends_on
    from components
    union all
    select
        'productboard:entity:' || entity_id as roadmap_entity_id,
        entity_type,
        entity_name,
        status_original,
        starts_on,
        ends_on
    from releases
    union all
    select
        roadmap_item_id as roadmap_entity_id,
        item_type as entity_type,
        item_name as entity_name,
        status_original,
        timeframe_start_date as starts_on,
        timeframe_end_date as ends_on
    from items
),

named as (
    select parent_id as roadmap_entity_id from items
    union distinct
    select initiative_id as roadmap_entity_id from items
    union distinct
    select release_id as roadmap_entity_id from items
),

hidden as (
    select named.roadmap_entity_id
    from named
    left join shown
        on named.roadmap_entity_id = shown.roadmap_entity_id
    where
        named.roadmap_entity_id is not null
        and shown.roadmap_entity_id is null
)

select
    roadmap_entity_id,
    coalesce(entity_type, '(unknown)') as entity_type,
    coalesce(entity_name, '(unknown)') as entity_name,
    status_original,
    starts_on as timeframe_start_date,
    ends_on as timeframe_end_date
from shown
union all
select
    roadmap_entity_id,
    '(unknown)' as entity_type,
    '(unknown)' as entity_name,
    cast(null as {{ dbt.type_string() }}) as status_original,
    cast(null as date) as timeframe_start_date,
    cast(null as date) as timeframe_end_date
from hidden
