-- Grain: one row an issue: its epic (itself for an epic, the parent's for a sub-task) and the feature that lists that epic
-- by a key that it has or had, the first one of the registry when several do.
with issues as (
    select
        issues.issue_id,
        issues.issue_key,
        parents.parent_issue_id,
        issues.hierarchy_level
    from {{ ref('int_delivery__tracker_issues') }} as issues
    left join {{ ref('int_delivery__parents') }} as parents
        on issues.issue_id = parents.issue_id
),

epics as (
    select
        issues.issue_id,
        case
            when issues.hierarchy_level = 1 then issues.issue_id
            when parents.hierarchy_level = 1 then parents.issue_id
            when grandparents.hierarchy_level = 1 then grandparents.issue_id
        end as epic_id,
        case
            when issues.hierarchy_level = 1 then issues.issue_key
            when parents.hierarchy_level = 1 then parents.issue_key
            when grandparents.hierarchy_level = 1 then grandparents.issue_key
        end as epic_key
    from issues
    left join issues as parents
        on issues.parent_issue_id = parents.issue_id
    left join issues as grandparents
        on parents.parent_issue_id = grandparents.issue_id
),

epic_features as (
    select
        issue_keys.issue_id as epic_id,
        features.feature_id,
        features.product_id,
        features.launched_on,
        features.adoption_target,
        row_number() over (partition by issue_keys.issue_id order by features.ordinal asc) as feature_rank
    from {{ ref('stg_registry__feature_epics') }} as feature_epics
    inner join {{ ref('stg_registry__features') }} as features
        on feature_epics.feature_id = features.feature_id
    inner join {{ ref('int_delivery__issue_keys') }} as issue_keys
        on upper(trim(feature_epics.epic_key)) = issue_keys.issue_key
)

select
    epics.issue_id,
    epics.epic_id,
    epics.epic_key,
    coalesce(epic_features.feature_id, '(unmapped)') as feature_id,
    coalesce(epic_features.product_id, '(unmapped)') as product_id,
    epic_features.launched_on,
    epic_features.adoption_target
from epics
left join epic_features
    on
        epics.epic_id = epic_features.epic_id
        and epic_features.feature_rank = 1
