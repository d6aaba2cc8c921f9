with entries as (
    {{ stage_latest(source('registry', 'stages'), [
        ('id', 'stage', 'text'),
        ('name', 'stage_name', 'text'),
        ('flow', 'flow', 'text'),
        ('_ordinal', 'stage_number', 'integer'),
        ('statuses', 'statuses', 'json'),
    ]) }}
),

live_entries as (
    select
        stage,
        stage_name,
        stage_number,
        flow,
        statuses
    from entries
    where not is_deleted
),

status_rows as (
    {{ json_array_rows('live_entries', ['stage', 'stage_name', 'stage_number', 'flow'], 'statuses') }}
)

select
    lower(trim(item)) as status_name,
    stage,
    stage_name,
    stage_number,
    flow
from status_rows
