-- Grain: one row a workflow run that was created by as_of, as its record then had it.
with runs as (
    {{ stage_as_of(raw('github', 'workflow_runs'), [
        ('url', 'address', 'text'),
        ('name', 'workflow_name', 'text'),
        ('event', 'event', 'text'),
        ('head_sha', 'commit_sha', 'text'),
        ('status', 'run_status', 'text'),
        ('conclusion', 'conclusion', 'text'),
        ('run_attempt', 'attempt', 'integer'),
        ('head_commit.timestamp', 'committed_at', 'timestamp'),
        ('created_at', 'created_at', 'timestamp'),
        ('updated_at', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as workflow_run_id,
    {{ github_repository('address') }} as repository,
    workflow_name,
    event,
    commit_sha,
    lower(run_status) as run_status,
    lower(conclusion) as conclusion,
    attempt,
    committed_at,
    created_at,
    updated_at
from runs
where created_at < {{ as_of_at() }}
