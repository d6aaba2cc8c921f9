-- Grain: one row a sprint. The goal's text stays behind.
with sprints as (
    {{ stage_as_of(source('jira', 'sprints'), [
        ('originBoardId', 'board_id', 'text'),
        ('name', 'sprint_name', 'text'),
        ('state', 'state', 'text'),
        ('startDate', 'started_at', 'timestamp'),
        ('endDate', 'planned_end_at', 'timestamp'),
        ('completeDate', 'completed_at', 'timestamp'),
    ]) }}
)

select
    record_id as sprint_id,
    board_id,
    sprint_name,
    state,
    is_deleted,
    started_at,
    planned_end_at,
    completed_at
from sprints
