-- Grain: one row a form made before as_of, deleted ones included and marked.
with forms as (
    {{ stage_as_of(raw('typeform', 'forms'), [
        ('title', 'form_title', 'text'),
        ('created_at', 'created_at', 'timestamp'),
        ('last_updated_at', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as form_id,
    form_title,
    is_deleted,
    created_at,
    updated_at
from forms
where created_at is null or created_at < {{ as_of_at() }}
