-- Grain: one row a sprint that is not deleted, in its state of as_of (future, active, closed). The tracker's boards show it;
-- a sprint that no board shows is what the youngest record of an issue in it says. The vendor's state decides, and dates
-- tell what the state was at as_of: closed since then was active, begun since then future. `completed_at` of a closed
-- sprint without a completion is its planned end, and null when nobody planned one; a sprint that was reopened has none.
-- A future sprint has a `planned_start_at`, and no
-- `started_at`.
with known as (
    select
        sprint_id,
        board_id,
        sprint_name,
        state,
        is_deleted,
        started_at,
        planned_end_at,
        completed_at,
        1 as preference,
        cast(null as timestamp) as said_at
    from {{ ref('stg_jira__sprints') }}
    union all
    select
        entries.sprint_id,
        cast(null as {{ dbt.type_string() }}) as board_id,
        entries.sprint_name,
        entries.state,
        false as is_deleted,
        entries.started_at,
        entries.planned_end_at,
        entries.completed_at,
        2 as preference,
        issues.updated_at as said_at
    from {{ ref('stg_jira__issue_sprints') }} as entries
    inner join {{ ref('stg_jira__issues') }} as issues
        on entries.issue_id = issues.issue_id
    where entries.sprint_id is not null and entries.state is not null
),

ranked as (
    select
        *,
        row_number() over (
            partition by sprint_id
            order by preference asc, said_at desc nulls last, state asc, completed_at desc nulls last,
                started_at desc nulls last, planned_end_at desc nulls last, sprint_name asc nulls last
        ) as place
    from known
),

states as (
    select
        sprint_id,
        board_id,
        sprint_name,
        case
            when state = 'future' or started_at >= {{ as_of_at() }} then 'future'
            when state = 'active' or completed_at >= {{ as_of_at() }} then 'active'
            when state = 'closed' or completed_at is not null then 'closed'
            when started_at is not null then 'active'
            else 'future'
        end as state,
        started_at,
        planned_end_at,
        completed_at
    from ranked
    where
        place = 1
        and not is_deleted
)

select
    sprint_id,
    board_id,
    sprint_name,
    state,
    case when state <> 'future' then started_at end as started_at,
    case when state = 'future' then started_at end as planned_start_at,
    planned_end_at,
    case
        when state = 'closed'
            then coalesce(
                completed_at,
                case
                    when planned_end_at < {{ as_of_at() }} and (started_at is null or planned_end_at >= started_at)
                        then planned_end_at
                end
            )
    end as completed_at
from states
