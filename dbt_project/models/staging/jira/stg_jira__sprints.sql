-- Grain: one row a sprint, as the tracker's boards show it. The goal's text stays behind.
with sprints as (
    {{ stage_as_of(raw('jira', 'sprints'), [
        ('originBoardId', 'board_id', 'id'),
        ('name', 'sprint_name', 'text'),
        ('state', 'state', 'text'),
        ('startDate', 'start_date', 'text'),
        ('endDate', 'end_date', 'text'),
        ('completeDate', 'complete_date', 'text'),
    ]) }}
)

select
    record_id as sprint_id,
    board_id,
    sprint_name,
    lower(trim(state)) as state,
    is_deleted,
    {{ jira_timestamp('start_date') }} as started_at,
    {{ jira_timestamp('end_date') }} as planned_end_at,
    {{ jira_timestamp('complete_date') }} as completed_at
from sprints
