-- Grain: one row a launch: those that the registry declares, and those that the tools show and nobody declared, which have no
-- hypothesis and so no verdict. `deployed_on`: the last release of the features' epics up to the launch, else the day from which
-- the registry says that they are live: no code host says which epic a deployment brings. Where the feature was launched
-- before, what was live or released up to then is not what this launch brought.
with main_features as (
    select
        launch_id,
        product_id,
        team_id
    from {{ ref('int_launches__features') }}
    where feature_number = 1
),

renamed as (
    select
        launch_id,
        '[' || {{ joined_texts("'\"' || feature_id || '\"'", "', '") }} || ']' as feature_ids
    from {{ ref('int_launches__features') }}
    group by launch_id
    having max(case when is_renamed then 1 else 0 end) = 1
),

brought as (
    select
        features.launch_id,
        features.feature_id,
        features.live_from,
        features.live_until,
        features.feature_launched_on,
        declared.launched_on,
        coalesce(features.feature_launched_on >= declared.launched_on, true) as is_first,
        count(*) over (partition by features.launch_id) as feature_count
    from {{ ref('int_launches__features') }} as features
    inner join {{ ref('int_launches__declared') }} as declared
        on features.launch_id = declared.launch_id
),

deployments as (
    select
        brought.launch_id,
        coalesce(
            max(
                case
                    when
                        epics.released_date <= brought.launched_on
                        and (brought.is_first or epics.released_date > brought.feature_launched_on)
                        then epics.released_date
                end
            ),
            max(case when brought.is_first and brought.live_from <= brought.launched_on then brought.live_from end)
        ) as deployed_on,
        max(brought.live_until) as live_until,
        count(*) = count(brought.live_until) as is_over
    from brought
    left join {{ ref('int_delivery__epics') }} as epics
        on brought.feature_id = epics.feature_id
    group by brought.launch_id
),

switched_off as (
    select
        brought.launch_id,
        max(flags.switched_off_on) as flags_off_on
    from brought
    inner join {{ ref('int_launches__flags') }} as flags
        on brought.feature_id = flags.feature_id
    group by brought.launch_id
    having
        count(*) = count(flags.switched_off_on)
        and count(distinct brought.feature_id) = max(brought.feature_count)
)

select
    declared.launch_id,
    declared.launch_name,
    coalesce(renamed.feature_ids, declared.feature_ids) as feature_ids,
    main_features.product_id,
    main_features.team_id,
    declared.owner,
    declared.launch_kind,
    'registry' as found_by,
    declared.hypothesis,
    declared.risks,
    declared.approvals,
    declared.retrospective,
    declared.planned_audience,
    declared.budget_home,
    true as is_declared,
    declared.is_defined_before,
    declared.is_edited_after,
    declared.is_launched_before_reading,
    deployments.deployed_on,
    declared.launched_on,
    case
        when deployments.is_over then {{ add_days('deployments.live_until', 1) }}
        when switched_off.flags_off_on >= declared.launched_on then switched_off.flags_off_on
    end as switched_off_on,
    cast({{ days_between('deployments.deployed_on', 'declared.launched_on') }} as bigint) as days_from_deployment,
    declared.defined_at,
    declared.edited_at
from {{ ref('int_launches__declared') }} as declared
inner join main_features
    on declared.launch_id = main_features.launch_id
inner join deployments
    on declared.launch_id = deployments.launch_id
left join renamed
    on declared.launch_id = renamed.launch_id
left join switched_off
    on declared.launch_id = switched_off.launch_id
union all
select
    launch_id,
    launch_name,
    '["' || feature_id || '"]' as feature_ids,
    product_id,
    coalesce(team_id, '(unknown)') as team_id,
    null as owner,
    null as launch_kind,
    found_by,
    null as hypothesis,
    null as risks,
    null as approvals,
    null as retrospective,
    null as planned_audience,
    null as budget_home,
    false as is_declared,
    false as is_defined_before,
    false as is_edited_after,
    false as is_launched_before_reading,
    null as deployed_on,
    launched_on,
    null as switched_off_on,
    null as days_from_deployment,
    null as defined_at,
    null as edited_at
from {{ ref('int_launches__found') }}
