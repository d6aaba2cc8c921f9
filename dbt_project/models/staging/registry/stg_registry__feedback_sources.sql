with entries as (
    {{ stage_latest(source('registry', 'feedback_sources'), [
        ('id', 'source_name', 'text'),
        ('kind', 'kind', 'text'),
    ]) }}
)

select
    lower(trim(source_name)) as source_name,
    kind
from entries
where not is_deleted
