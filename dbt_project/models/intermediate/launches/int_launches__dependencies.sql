-- Grain: one row a declared launch and an issue that blocks work of its features, by the tracker's links; blocking issues of the
-- same features are no dependency.
with launched as (
    select
        declared.launch_id,
        declared.launched_on,
        features.feature_id
    from {{ ref('int_launches__declared') }} as declared
    inner join {{ ref('int_launches__features') }} as features
        on declared.launch_id = features.launch_id
),

blocking as (
    select distinct
        launched.launch_id,
        launched.launched_on,
        links.blocking_issue_id
    from launched
    inner join {{ ref('int_delivery__issues') }} as issues
        on launched.feature_id = issues.feature_id
    inner join {{ ref('stg_jira__issue_links') }} as links
        on issues.issue_id = links.issue_id
),

stays as (
    select
        blocking.launch_id,
        blocking.blocking_issue_id,
        max(case when intervals.ended_at is null then intervals.status_category end) as category_now,
        max(
            case
                when
                    {{ reporting_date('intervals.started_at') }} <= blocking.launched_on
                    and (intervals.ended_at is null or {{ reporting_date('intervals.ended_at') }} > blocking.launched_on)
                    then intervals.status_category
            end
        ) as category_at_launch
    from blocking
    inner join {{ ref('int_delivery__status_intervals') }} as intervals
        on blocking.blocking_issue_id = intervals.issue_id
    group by blocking.launch_id, blocking.blocking_issue_id
)

select
    blocking.launch_id,
    blocking.blocking_issue_id,
    issues.issue_key,
    issues.team_id,
    stays.category_at_launch,
    stays.category_now
from blocking
left join {{ ref('int_delivery__issues') }} as issues
    on blocking.blocking_issue_id = issues.issue_id
left join launched as own
    on
        blocking.launch_id = own.launch_id
        and issues.feature_id = own.feature_id
left join stays
    on
        blocking.launch_id = stays.launch_id
        and blocking.blocking_issue_id = stays.blocking_issue_id
where own.feature_id is null
