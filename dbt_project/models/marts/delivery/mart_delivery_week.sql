-- Grain: one row a team and a complete week since the first issue: standard issues of the team, in the state of
-- as_of, each counted for the team that owned its project on the day of what is counted. Issues of projects without a team
-- are with team `(unknown)`. A week in which nothing happened has zeros; what no tool was ever read for is null, and what a
-- team owns nothing for in the week: without a project or repository with issues no count of issues, without a repository
-- none of deployments.
with issues as (
    select
        issue_id,
        team_id,
        commitment_team_id,
        created_date,
        lead_time_seconds,
        cycle_time_seconds,
        is_on_time,
        is_resolved,
        is_delivered,
        is_history_whole,
        {{ week_start('created_date') }} as created_week,
        {{ week_start('resolved_date') }} as resolved_week,
        {{ week_start('done_date') }} as done_week,
        {{ week_start('commitment_date') }} as commitment_week
    from {{ ref('fct_issue') }}
    where is_standard
),

weeks as (
    select distinct
        days.week_start,
        days.week_end
    from {{ ref('int_calendar__days') }} as days
    cross join (select min(created_week) as first_week from issues) as first_weeks
    where
        days.week_end < {{ as_of_date() }}
        and days.week_start >= first_weeks.first_week
),

created as (
    select
        coalesce(owners.team_id, '(unknown)') as team_id,
        issues.created_week as week_start,
        count(*) as created_count
    from issues
    left join {{ ref('int_delivery__issue_teams') }} as owners
        on
            issues.issue_id = owners.issue_id
            and issues.created_date between owners.owned_from and owners.owned_to
    group by coalesce(owners.team_id, '(unknown)'), issues.created_week
),

teams as (
    select team_id
    from {{ ref('dim_team') }}
    where team_id not in ('(unknown)', '(hidden)')
    union distinct
    select team_id
    from issues
    union distinct
    select team_id
    from created
),

tracker_owners as (
    select team_id, owned_from, owned_to from {{ ref('int_delivery__project_teams') }}
    union distinct
    select team_id, owned_from, owned_to from {{ ref('int_delivery__issue_teams') }}
),

tracked_weeks as (
    select distinct tracker_owners.team_id, weeks.week_start
    from tracker_owners
    inner join weeks
        on tracker_owners.owned_from <= weeks.week_end and tracker_owners.owned_to >= weeks.week_start
),

code_weeks as (
    select distinct owners.team_id, weeks.week_start
    from {{ ref('int_delivery__repository_teams') }} as owners
    inner join weeks
        on owners.owned_from <= weeks.week_end and owners.owned_to >= weeks.week_start
),

owned_weeks as (
    select
        teams.team_id,
        weeks.week_start,
        teams.team_id = '(unknown)' or tracked_weeks.team_id is not null as has_issues,
        teams.team_id = '(unknown)' or code_weeks.team_id is not null as has_code
    from teams
    cross join weeks
    left join tracked_weeks
        on teams.team_id = tracked_weeks.team_id and weeks.week_start = tracked_weeks.week_start
    left join code_weeks
        on teams.team_id = code_weeks.team_id and weeks.week_start = code_weeks.week_start
),

-- What a count is when nothing is counted: 0, or unknown.
grid as (
    select
        team_id,
        week_start,
        case when has_issues then 0 end as no_issues,
        case when has_issues then {{ count_or_unknown('0', ref('fct_sprint')) }} end as no_sprint_issues,
        case when has_code then {{ count_or_unknown('0', ref('fct_deployment')) }} end as no_deployments
    from owned_weeks
),

delivered as (
    select
        team_id,
        resolved_week as week_start,
        count(*) as delivered_count,
        {{ percentile('lead_time_seconds', 0.5) }} as lead_time_seconds_median
    from issues
    where is_delivered
    group by team_id, resolved_week
),

done as (
    select
        team_id,
        done_week as week_start,
        {{ percentile('cycle_time_seconds', 0.5) }} as cycle_time_seconds_median
    from issues
    where cycle_time_seconds is not null
    group by team_id, done_week
),

due as (
    select
        commitment_team_id as team_id,
        commitment_week as week_start,
        count(*) as due_count,
        sum(case when is_on_time then 1 else 0 end) as on_time_count,
        sum(case when is_resolved then 0 else 1 end) as late_open_count
    from issues
    where is_on_time is not null
    group by commitment_team_id, commitment_week
),

stays as (
    select
        issues.issue_id,
        issues.is_history_whole,
        stays.status_category,
        stays.started_at,
        stays.ended_at,
        lag(stays.status_category)
            over (partition by stays.issue_id order by stays.stay_number asc) as previous_category
    from {{ ref('fct_issue_status') }} as stays
    inner join issues
        on stays.issue_id = issues.issue_id
),

in_progress as (
    select
        coalesce(owners.team_id, '(unknown)') as team_id,
        weeks.week_start,
        count(*) as wip_count
    from stays
    inner join weeks
        on
            stays.started_at < {{ reporting_midnight(add_days('weeks.week_end', 1)) }}
            and coalesce(stays.ended_at, {{ as_of_at() }}) >= {{ reporting_midnight(add_days('weeks.week_end', 1)) }}
            and (stays.ended_at is null or stays.ended_at > stays.started_at)
    left join {{ ref('int_delivery__issue_teams') }} as owners
        on
            stays.issue_id = owners.issue_id
            and weeks.week_end between owners.owned_from and owners.owned_to
    where
        stays.status_category = 'indeterminate'
        and stays.is_history_whole
    group by coalesce(owners.team_id, '(unknown)'), weeks.week_start
),

reopened as (
    select
        coalesce(owners.team_id, '(unknown)') as team_id,
        {{ week_start(reporting_date('stays.started_at')) }} as week_start,
        count(*) as reopened_count
    from stays
    left join {{ ref('int_delivery__issue_teams') }} as owners
        on
            stays.issue_id = owners.issue_id
            and {{ reporting_date('stays.started_at') }} between owners.owned_from and owners.owned_to
    where
        stays.previous_category = 'done'
        and stays.status_category <> 'done'
        and stays.is_history_whole
    group by coalesce(owners.team_id, '(unknown)'), {{ week_start(reporting_date('stays.started_at')) }}
),

deployed as (
    select
        team_id,
        {{ week_start('deployed_date') }} as week_start,
        count(*) as deployment_count,
        sum(case when has_incident then 1 else 0 end) as failed_deployment_count
    from {{ ref('fct_deployment') }}
    where is_counted
    group by team_id, {{ week_start('deployed_date') }}
),

sprints as (
    select
        team_id,
        {{ week_start('completed_date') }} as week_start,
        sum(committed_count) as sprint_committed_count,
        sum(completed_of_committed_count) as sprint_completed_count
    from {{ ref('fct_sprint') }}
    where is_completed
    group by team_id, {{ week_start('completed_date') }}
)

select
    grid.team_id,
    coalesce(names.team_name, grid.team_id) as team_name,
    grid.week_start,
    cast(coalesce(created.created_count, grid.no_issues) as bigint) as created_count,
    cast(coalesce(delivered.delivered_count, grid.no_issues) as bigint) as delivered_count,
    cast(coalesce(due.due_count, grid.no_issues) as bigint) as due_count,
    cast(coalesce(due.on_time_count, grid.no_issues) as bigint) as on_time_count,
    cast(coalesce(due.late_open_count, grid.no_issues) as bigint) as late_open_count,
    cast(coalesce(in_progress.wip_count, grid.no_issues) as bigint) as wip_count,
    cast(coalesce(reopened.reopened_count, grid.no_issues) as bigint) as reopened_count,
    delivered.lead_time_seconds_median,
    done.cycle_time_seconds_median,
    cast(coalesce(deployed.deployment_count, grid.no_deployments) as bigint) as deployment_count,
    cast(coalesce(deployed.failed_deployment_count, grid.no_deployments) as bigint)
        as failed_deployment_count,
    cast(coalesce(sprints.sprint_committed_count, grid.no_sprint_issues) as bigint) as sprint_committed_count,
    cast(coalesce(sprints.sprint_completed_count, grid.no_sprint_issues) as bigint) as sprint_completed_count
from grid
left join {{ ref('dim_team') }} as names
    on grid.team_id = names.team_id
left join created
    on grid.team_id = created.team_id and grid.week_start = created.week_start
left join delivered
    on grid.team_id = delivered.team_id and grid.week_start = delivered.week_start
left join done
    on grid.team_id = done.team_id and grid.week_start = done.week_start
left join due
    on grid.team_id = due.team_id and grid.week_start = due.week_start
left join in_progress
    on grid.team_id = in_progress.team_id and grid.week_start = in_progress.week_start
left join reopened
    on grid.team_id = reopened.team_id and grid.week_start = reopened.week_start
left join deployed
    on grid.team_id = deployed.team_id and grid.week_start = deployed.week_start
left join sprints
    on grid.team_id = sprints.team_id and grid.week_start = sprints.week_start
