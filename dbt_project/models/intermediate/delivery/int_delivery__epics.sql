-- Grain: one row an epic, other than those closed without delivery: when it was accepted, released and launched.
-- Launched is the day the registry gives for the feature that lists the epic, else the latest release of its
-- versions. An epic whose creation is not the one written down has no day of acceptance. `is_history_whole`: was everything
-- that happened to the epic and to each of its standard issues read? Its team is the one that owned its project on the day of
-- the launch; of an epic that is not launched, that of now.
with epics as (
    select
        issue_id,
        issue_key,
        is_history_whole,
        case when not is_creation_late then created_date end as accepted_date
    from {{ ref('int_delivery__issues') }}
    where
        hierarchy_level = 1
        and not is_refused
),

unread_issues as (
    select distinct epic_id
    from {{ ref('int_delivery__issues') }}
    where
        is_standard
        and not is_history_whole
),

releases as (
    select
        issue_id,
        max(release_date) as released_date
    from {{ ref('int_delivery__fix_versions') }}
    where is_released
    group by issue_id
)

select
    epics.issue_id as epic_id,
    epics.issue_key as epic_key,
    coalesce(owners.team_id, '(unknown)') as team_id,
    features.feature_id,
    features.product_id,
    features.adoption_target,
    epics.accepted_date,
    releases.released_date,
    coalesce(features.launched_on, releases.released_date) as launched_date,
    coalesce(features.launched_on, releases.released_date) < epics.accepted_date as is_launched_before_accepted,
    epics.is_history_whole and unread_issues.epic_id is null as is_history_whole
from epics
inner join {{ ref('int_delivery__issue_features') }} as features
    on epics.issue_id = features.issue_id
left join unread_issues
    on epics.issue_id = unread_issues.epic_id
left join releases
    on epics.issue_id = releases.issue_id
left join {{ ref('int_delivery__issue_teams') }} as owners
    on
        epics.issue_id = owners.issue_id
        and coalesce(features.launched_on, releases.released_date, {{ add_days(as_of_date(), -1) }})
        between owners.owned_from and owners.owned_to
