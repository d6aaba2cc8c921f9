-- Grain: one row an epic, those closed without delivery too, and one that issues name but the tracker does not show; and the
-- row (no epic). What was measured of those that count is in fct_epic.
with issues as (
    select * from {{ ref('int_delivery__issues') }}
),

epics as (
    select issue_id as epic_id from issues
    where hierarchy_level = 1
    union distinct
    select epic_id from issues
    where epic_id is not null
)

select
    epics.epic_id,
    coalesce(issues.issue_key, '(unknown)') as epic_key,
    issues.project_key,
    issues.status_original,
    coalesce(issues.stage, '(unknown)') as stage,
    issues.is_resolved,
    issues.created_date,
    issues.last_due_date,
    issues.resolved_date
from epics
left join issues
    on epics.epic_id = issues.issue_id
{{ special_members(['(no epic)'], ['epic_id', 'epic_key', 'stage']) }}
