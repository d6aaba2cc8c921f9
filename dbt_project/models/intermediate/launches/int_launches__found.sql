-- Grain: one row a launch that the tools show and nobody declared, of the half year before as_of: a feature's own day of launch,
-- an item of the roadmap that was released, an epic all of whose released versions are out, a flag of a feature that everybody
-- got some day after the feature's own launch: before, it is that launch. Of a feature that a declared launch
-- brings, none is one. Of older ones nobody can say any more what was expected.
with releases as (
    select
        roadmap_item_id,
        max(item_name) as item_name,
        max(feature_id) as feature_id,
        max(product_id) as product_id,
        min({{ reporting_date('valid_from') }}) as launched_on
    from {{ ref('int_roadmap__item_versions') }}
    where
        stage = 'released'
        and not is_deleted
    group by roadmap_item_id
),

found as (
    select
        'feature:' || feature_id as launch_id,
        feature_name as launch_name,
        'feature' as found_by,
        feature_id,
        product_id,
        launched_on
    from {{ ref('int_features__features') }}
    union all
    select
        roadmap_item_id as launch_id,
        item_name as launch_name,
        'roadmap_item' as found_by,
        feature_id,
        product_id,
        launched_on
    from releases
    union all
    select
        epic_id as launch_id,
        epic_key as launch_name,
        'fix_version' as found_by,
        feature_id,
        product_id,
        released_date as launched_on
    from {{ ref('int_delivery__epics') }}
    union all
    select
        'flag:' || flags.flag_id as launch_id,
        flags.flag_key as launch_name,
        'flag' as found_by,
        flags.feature_id,
        features.product_id,
        flags.launched_on
    from {{ ref('int_launches__flags') }} as flags
    inner join {{ ref('int_features__features') }} as features
        on flags.feature_id = features.feature_id
    where
        features.launched_on is null
        or flags.launched_on > features.launched_on
)

select
    found.launch_id,
    found.launch_name,
    found.found_by,
    found.feature_id,
    found.product_id,
    features.team_id,
    found.launched_on
from found
left join {{ ref('int_features__features') }} as features
    on found.feature_id = features.feature_id
where
    found.launched_on < {{ as_of_date() }}
    and found.launched_on >= {{ add_days(as_of_date(), -182) }}
    and found.feature_id not in (select declared.feature_id from {{ ref('int_launches__features') }} as declared)
