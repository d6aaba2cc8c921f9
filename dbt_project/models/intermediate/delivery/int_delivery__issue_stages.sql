-- Grain: one row a delivered issue and a stage it was in: the seconds spent there between creation and resolution,
-- without the time in done statuses, and how much of them the registry calls active or waiting (`flow`). Issues whose
-- history is not whole are left out.
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
            least() ~ '(coalesce(stays.ended_at, delivered.resolved_at), delivered.resolved_at)'
        ) }} as stay_seconds
    from {{ ref('int_delivery__status_intervals') }} as stays
    inner join delivered
        on stays.issue_id = delivered.issue_id
    where
        stays.status_category <> 'done'
        and stays.started_at < delivered.resolved_at
),

issue_stages as (
    select
        issue_id,
        team_id,
        stage,
        cast(sum(stay_seconds) as bigint) as stage_seconds,
        resolved_date
    from stays
    group by issue_id, team_id, stage, resolved_date
),

flows as (
    select
        issue_stages.issue_id,
        issue_stages.team_id,
        issue_stages.stage,
        stages.flow,
        issue_stages.stage_seconds,
        issue_stages.resolved_date,
        max(case when stages.flow = 'active' then 1 else 0 end) over (partition by issue_stages.issue_id) = 1
            as was_active
    from issue_stages
    left join {{ ref('stg_registry__stages') }} as stages
        on issue_stages.stage = stages.stage
)

select
    issue_id,
    team_id,
    stage,
    stage_seconds,
    case when was_active and flow is not null then stage_seconds end as flow_seconds,
    case when was_active and flow is not null then case when flow = 'active' then stage_seconds else 0 end end
        as active_seconds,
    resolved_date
from flows
