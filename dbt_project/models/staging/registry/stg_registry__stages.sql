with entries as (
    {{ stage_latest(source('registry', 'stages'), [
        ('id', 'stage', 'text'),
        ('name', 'stage_name', 'text'),
        ('flow', 'flow', 'text'),
        ('statuses', 'statuses', 'json'),
    ]) }}
),

live_entries as (
    select
        stage,
        stage_name,
        flow,
        statuses
    from entries
    where not is_deleted
),

status_rows as (
    {{ json_array_rows('live_entries', ['stage', 'stage_name', 'flow'], 'statuses') }}
)

select
    lower(trim(item)) as status_name,
    stage,
    stage_name,
    flow
from status_rows
