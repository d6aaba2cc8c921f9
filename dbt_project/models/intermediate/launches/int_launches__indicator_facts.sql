-- Grain: one row a declared launch, with what its features' issues, tickets and its team's incidents say. Thirty days begin with the
-- launch's own day. A count is null where nothing could tell it: features without epics, without tags of tickets, no tool.
with launched as (
    select
        declared.launch_id,
        declared.launched_on,
        declared.expected_tickets,
        case when declared.launched_on < {{ as_of_date() }} then declared.launched_on else {{ add_days(as_of_date(), -1) }} end
            as go_on,
        {{ add_days('declared.launched_on', 29) }} as last_day
    from {{ ref('int_launches__declared') }} as declared
),

features as (
    select
        features.launch_id,
        features.feature_id,
        features.team_id,
        features.feature_number,
        launched.launched_on,
        launched.go_on,
        launched.last_day
    from {{ ref('int_launches__features') }} as features
    inner join launched
        on features.launch_id = launched.launch_id
),

tellable as (
    select
        features.launch_id,
        count(distinct epics.feature_id) > 0 and (select count(*) from {{ ref('int_delivery__issues') }}) > 0 as has_issues,
        count(distinct tags.feature_id) > 0 and (select count(*) from {{ ref('int_support__tickets') }}) > 0 as has_tickets,
        (select count(*) from {{ ref('int_delivery__incidents') }}) > 0 as has_incidents
    from features
    left join {{ ref('stg_registry__feature_epics') }} as epics
        on features.feature_id = epics.feature_id
    left join {{ ref('stg_registry__feature_ticket_tags') }} as tags
        on features.feature_id = tags.feature_id
    group by features.launch_id
),

bugs as (
    select
        features.launch_id,
        sum(
            case
                when
                    issues.created_date <= features.go_on
                    and (issues.resolved_date is null or issues.resolved_date > features.go_on)
                    then 1
                else 0
            end
        ) as open_at_go,
        sum(case when issues.is_resolved then 0 else 1 end) as open_now,
        sum(
            case when issues.created_date >= features.launched_on and issues.created_date <= features.last_day then 1 else 0 end
        ) as escaped
    from features
    inner join {{ ref('int_delivery__issues') }} as issues
        on features.feature_id = issues.feature_id
    where
        lower(issues.issue_type) = 'bug'
        and not issues.is_refused
    group by features.launch_id
),

tickets as (
    select
        features.launch_id,
        count(*) as seen
    from features
    inner join {{ ref('int_support__tickets') }} as tickets
        on
            features.feature_id = tickets.feature_id
            and features.launched_on <= tickets.created_date
            and features.last_day >= tickets.created_date
    where tickets.is_counted
    group by features.launch_id
),

-- Incidents of the team of the launch's main feature: no tool says of which feature one is.
incidents as (
    select
        features.launch_id,
        count(*) as seen,
        avg(
            case
                when {{ reporting_date('incidents.created_at') }} = features.launched_on
                    then cast({{ seconds_between('incidents.created_at', 'incidents.acknowledged_at') }} as double)
            end
        ) as acknowledge_seconds,
        avg(
            case
                when {{ reporting_date('incidents.created_at') }} = features.launched_on
                    then cast({{ seconds_between('incidents.created_at', 'incidents.closed_at') }} as double)
            end
        ) as resolve_seconds
    from features
    inner join {{ ref('int_delivery__incidents') }} as incidents
        on
            features.team_id = incidents.team_id
            and {{ reporting_date('incidents.created_at') }} >= features.launched_on
            and {{ reporting_date('incidents.created_at') }} <= features.last_day
    where
        features.feature_number = 1
        and incidents.is_failure
    group by features.launch_id
)

select
    launched.launch_id,
    launched.launched_on,
    launched.go_on,
    launched.last_day,
    launched.expected_tickets,
    case when tellable.has_issues then coalesce(bugs.open_at_go, 0) end as open_bugs_at_go,
    case when tellable.has_issues then coalesce(bugs.open_now, 0) end as open_bugs_now,
    case when tellable.has_issues then coalesce(bugs.escaped, 0) end as escaped_defects,
    case when tellable.has_tickets then coalesce(tickets.seen, 0) end as tickets,
    case when tellable.has_incidents then coalesce(incidents.seen, 0) end as incidents,
    incidents.acknowledge_seconds,
    incidents.resolve_seconds
from launched
inner join tellable
    on launched.launch_id = tellable.launch_id
left join bugs
    on launched.launch_id = bugs.launch_id
left join tickets
    on launched.launch_id = tickets.launch_id
left join incidents
    on launched.launch_id = incidents.launch_id
