-- Grain: one row a sprint that is not deleted, in its state of as_of. Counts are standard issues; a sprint that has not
-- begun has none, and one whose start or end is unknown has unknown ones. A sprint that nobody has completed, whatever its
-- planned end, is open: it has no completion date, and no metric counts it. Its team is the one that owned, when it was
-- completed (now, when it is not), most of the issues of all the sprints of its board; (unknown) without any.
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

-- Issues of a project have one owner: any of them tells it.
board_projects as (
    select
        sprints.board_id,
        min(scope.issue_id) as issue_id,
        count(*) as issue_count
    from {{ ref('int_delivery__sprint_scope') }} as scope
    inner join sprints
        on scope.sprint_id = sprints.sprint_id
    inner join {{ ref('int_delivery__issues') }} as issues
        on scope.issue_id = issues.issue_id
    group by sprints.board_id, issues.source, issues.project_key
),

teams as (
    select
        sprints.sprint_id,
        coalesce(owners.team_id, '(unknown)') as team_id,
        row_number() over (
            partition by sprints.sprint_id
            order by sum(board_projects.issue_count) desc, coalesce(owners.team_id, '(unknown)') asc
        ) as place
    from sprints
    inner join board_projects
        on sprints.board_id = board_projects.board_id
    left join {{ ref('int_delivery__issue_teams') }} as owners
        on
            board_projects.issue_id = owners.issue_id
            and coalesce({{ reporting_date('sprints.completed_at') }}, {{ add_days(as_of_date(), -1) }})
            between owners.owned_from and owners.owned_to
    group by sprints.sprint_id, coalesce(owners.team_id, '(unknown)')
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
        sprints.sprint_id = teams.sprint_id
        and teams.place = 1
left join scopes
    on sprints.sprint_id = scopes.sprint_id
