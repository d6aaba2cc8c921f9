-- Grain: one row a survey made before as_of, deleted ones included and marked.
with surveys as (
    {{ stage_as_of(raw('posthog', 'surveys'), [
        ('name', 'survey_name', 'text'),
        ('archived', 'is_archived', 'boolean'),
        ('start_date', 'starts_at', 'timestamp'),
        ('created_at', 'created_at', 'timestamp'),
    ]) }}
)

select
    record_id as form_id,
    survey_name,
    coalesce(is_archived, false) as is_archived,
    is_deleted,
    {{ if_before_as_of('starts_at') }} as opened_at,
    created_at
from surveys
where created_at is null or created_at < {{ as_of_at() }}
