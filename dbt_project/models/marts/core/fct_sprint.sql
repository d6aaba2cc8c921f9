-- Grain: one row a sprint that is not deleted, in its state of as_of. Counts are standard issues; a sprint that has not
-- begun has none, and one whose start or end is unknown has unknown ones. A sprint that nobody has completed, whatever its
-- planned end, is open: it has no completion date, and no metric counts it. Its team is the one with most of the issues
-- of all the sprints of its board; (unknown) without any.
with sprints as (
    select
        sprint_id,
        board_id,
        sprint_name,
        state,
        state = 'future'
        or (started_at is not null and (state = 'active' or completed_at is not null)) as is_scope_known,
        coalesce(started_at, planned_start_at) as started_at,
        planned_end_at,
        completed_at
    from {{ ref('int_delivery__sprints') }}
),

teams as (
    select
        sprints.board_id,
        scope.team_id,
        row_number() over (partition by sprints.board_id order by count(*) desc, scope.team_id asc) as place
    from {{ ref('int_delivery__sprint_scope') }} as scope
    inner join sprints
        on scope.sprint_id = sprints.sprint_id
    group by sprints.board_id, scope.team_id
),

scopes as (
    select
        sprint_id,
        sum(case when is_committed then 1 else 0 end) as committed_count,
        sum(case when is_committed and is_completed then 1 else 0 end) as completed_of_committed_count,
        sum(case when is_added then 1 else 0 end) as added_count,
        sum(case when is_added and is_completed then 1 else 0 end) as completed_of_added_count,
        sum(case when is_removed then 1 else 0 end) as removed_count,
        sum(case when is_committed then points end) as committed_points,
        sum(case when is_committed and is_completed then points end) as completed_of_committed_points
    from {{ ref('int_delivery__sprint_scope') }}
    group by sprint_id
)

select
    sprints.sprint_id,
    sprints.sprint_name,
    coalesce(teams.team_id, '(unknown)') as team_id,
    sprints.state,
    sprints.state = 'closed' as is_completed,
    cast(case when sprints.is_scope_known then coalesce(scopes.committed_count, 0) end as bigint) as committed_count,
    cast(case when sprints.is_scope_known then coalesce(scopes.completed_of_committed_count, 0) end as bigint) as completed_of_committed_count,
    cast(case when sprints.is_scope_known then coalesce(scopes.added_count, 0) end as bigint) as added_count,
    cast(case when sprints.is_scope_known then coalesce(scopes.completed_of_added_count, 0) end as bigint) as completed_of_added_count,
    cast(case when sprints.is_scope_known then coalesce(scopes.removed_count, 0) end as bigint) as removed_count,
    cast(scopes.committed_points as double) as committed_points,
    cast(scopes.completed_of_committed_points as double) as completed_of_committed_points,
    sprints.started_at,
    sprints.planned_end_at,
    sprints.completed_at,
    {{ reporting_date('sprints.completed_at') }} as completed_date
from sprints
left join teams
    on
        sprints.board_id = teams.board_id
        and teams.place = 1
left join scopes
    on sprints.sprint_id = scopes.sprint_id
