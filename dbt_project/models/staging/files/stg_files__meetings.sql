-- Grain: one row a meeting that begins before as_of.
with file_rows as (
    {{ stage_as_of(source('files', 'meetings'), [
        ('_mapping', 'mapping_id', 'text'),
        ('_key', 'row_key', 'text'),
        ('meeting_id', 'meeting_id', 'text'),
        ('category', 'category', 'text'),
        ('team_id', 'team_id', 'text'),
        ('duration_minutes', 'duration_minutes', 'double'),
        ('attendee_count', 'attendee_count', 'integer'),
        ('is_declined', 'is_declined', 'boolean'),
        ('starts_at', 'starts_at', 'timestamp'),
    ]) }}
),

ranked as (
    select
        *,
        {{ newest_file_rank() }} as file_rank
    from file_rows
    where not is_deleted
)

select
    mapping_id || ':' || coalesce(meeting_id, {{ pseudonym('row_key') }}) as meeting_id,
    lower(category) as category,
    team_id,
    duration_minutes,
    attendee_count,
    coalesce(is_declined, false) as is_declined,
    starts_at
from ranked
where
    file_rank = 1
    and starts_at < {{ as_of_at() }}
