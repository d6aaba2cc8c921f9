-- Grain: one row a sprint of known start (and, when it is closed, known end) and a standard issue that was in it at its
-- start or came in later. Committed:
-- in the sprint when it started, and not done by then. Completed: still in it at its end, done by then, and not closed
-- without delivery. The end is the sprint's completion, or as_of while it runs; a change at the very moment of start or
-- end counts as before it. Points are those that the issue had at the sprint's start. What an issue was at a moment is told
-- by its history: where that is not whole (`is_history_whole`), all of it is unknown.
with sprints as (
    select
        sprint_id,
        started_at,
        case when state = 'active' then {{ as_of_at() }} else completed_at end as ended_at
    from {{ ref('int_delivery__sprints') }}
    where started_at is not null
),

issues as (
    select
        issue_id,
        is_history_whole
    from {{ ref('int_delivery__issues') }}
    where is_standard
),

memberships as (
    select
        sprints.sprint_id,
        issues.issue_id,
        issues.is_history_whole,
        sprints.started_at,
        sprints.ended_at,
        max(case
            when
                stays.started_at <= sprints.started_at
                and (stays.ended_at is null or stays.ended_at > sprints.started_at)
                then 1
            else 0
        end) as in_at_start,
        max(case
            when
                stays.started_at <= sprints.ended_at
                and (stays.ended_at is null or stays.ended_at > sprints.ended_at)
                then 1
            else 0
        end) as in_at_end
    from {{ ref('int_delivery__sprint_stays') }} as stays
    inner join sprints
        on stays.sprint_id = sprints.sprint_id
    inner join issues
        on stays.issue_id = issues.issue_id
    where
        stays.started_at <= sprints.ended_at
        and (stays.ended_at is null or stays.ended_at > sprints.started_at)
    group by
        sprints.sprint_id, issues.issue_id, issues.is_history_whole, sprints.started_at, sprints.ended_at
),

done as (
    select
        memberships.sprint_id,
        memberships.issue_id,
        max(case
            when
                stays.started_at <= memberships.started_at
                and (stays.ended_at is null or stays.ended_at > memberships.started_at)
                then 1
            else 0
        end) as done_at_start,
        max(case
            when
                stays.started_at <= memberships.ended_at
                and (stays.ended_at is null or stays.ended_at > memberships.ended_at)
                then 1
            else 0
        end) as done_at_end
    from memberships
    inner join {{ ref('int_delivery__status_intervals') }} as stays
        on memberships.issue_id = stays.issue_id
    where stays.status_category = 'done'
    group by memberships.sprint_id, memberships.issue_id
),

resolutions as (
    select
        memberships.sprint_id,
        memberships.issue_id,
        {{ text_key('coalesce(changes.to_text, changes.to_value)') }} as resolution_key,
        row_number() over (
            partition by memberships.sprint_id, memberships.issue_id
            order by changes.change_number desc
        ) as recency
    from memberships
    inner join {{ ref('int_delivery__changes') }} as changes
        on
            memberships.issue_id = changes.issue_id
            and changes.field = 'resolution'
            and memberships.ended_at >= changes.changed_at
),

estimates as (
    select
        memberships.sprint_id,
        memberships.issue_id,
        coalesce(changes.from_text, changes.from_value) as from_text,
        coalesce(changes.to_text, changes.to_value) as to_text,
        changes.changed_at <= memberships.started_at as is_by_start,
        row_number() over (
            partition by memberships.sprint_id, memberships.issue_id
            order by
                case when changes.changed_at <= memberships.started_at then 0 else 1 end asc,
                case when changes.changed_at <= memberships.started_at then -changes.change_number end asc,
                changes.change_number asc
        ) as nearness
    from memberships
    inner join {{ ref('int_delivery__changes') }} as changes
        on
            memberships.issue_id = changes.issue_id
            and changes.field = 'points'
),

flagged as (
    select
        memberships.sprint_id,
        memberships.issue_id,
        memberships.is_history_whole,
        memberships.in_at_start = 1 and coalesce(done.done_at_start, 0) = 0 as is_committed,
        memberships.in_at_start = 0 as is_added,
        memberships.in_at_end = 0 as is_removed,
        memberships.in_at_end = 1
        and coalesce(done.done_at_end, 0) = 1
        and coalesce(meanings.is_delivery, true) as is_completed,
        case
            when estimates.issue_id is null then recorded.story_points
            else {{ try_cast('case when estimates.is_by_start then estimates.to_text else estimates.from_text end', 'double') }}
        end as points
    from memberships
    left join done
        on
            memberships.sprint_id = done.sprint_id
            and memberships.issue_id = done.issue_id
    left join resolutions
        on
            memberships.sprint_id = resolutions.sprint_id
            and memberships.issue_id = resolutions.issue_id
            and resolutions.recency = 1
    left join {{ ref('int_delivery__resolution_meanings') }} as meanings
        on resolutions.resolution_key = meanings.resolution_key
    left join estimates
        on
            memberships.sprint_id = estimates.sprint_id
            and memberships.issue_id = estimates.issue_id
            and estimates.nearness = 1
    left join {{ ref('stg_jira__issues') }} as recorded
        on memberships.issue_id = recorded.issue_id
)

select
    sprint_id,
    issue_id,
    is_history_whole,
    case when is_history_whole then is_committed end as is_committed,
    case when is_history_whole then is_added end as is_added,
    case when is_history_whole then is_removed end as is_removed,
    case when is_history_whole then is_completed end as is_completed,
    case when is_history_whole then points end as points
from flagged
