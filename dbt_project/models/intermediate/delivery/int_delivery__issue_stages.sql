-- Grain: one row a delivered issue and a stage it was in: the seconds spent there between creation and resolution,
-- without the time in done statuses. Issues whose history is not whole are left out.
with delivered as (
    select
        issue_id,
        team_id,
        resolved_at,
        resolved_date
    from {{ ref('int_delivery__issues') }}
    where
        is_delivered
        and is_history_whole
),

stays as (
    select
        delivered.issue_id,
        delivered.team_id,
        delivered.resolved_date,
        stays.stage,
        {{ seconds_between(
            'stays.started_at',
            'least(coalesce(stays.ended_at, delivered.resolved_at), delivered.resolved_at)'
        ) }} as stay_seconds
    from {{ ref('int_delivery__status_intervals') }} as stays
    inner join delivered
        on stays.issue_id = delivered.issue_id
    where
        stays.status_category <> 'done'
        and stays.started_at < delivered.resolved_at
)

select
    issue_id,
    team_id,
    stage,
    cast(sum(stay_seconds) as bigint) as stage_seconds,
    resolved_date
from stays
group by issue_id, team_id, stage, resolved_date
