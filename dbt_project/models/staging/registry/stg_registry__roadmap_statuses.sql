with entries as (
    {{ stage_latest(source('registry', 'roadmap_statuses'), [
        ('id', 'status_name', 'text'),
        ('stage', 'stage', 'text'),
        ('agrees_with', 'agreeing_stages', 'json'),
        ('is_active', 'is_active', 'boolean'),
    ]) }}
)

select
    lower(trim(status_name)) as status_name,
    stage,
    coalesce(agreeing_stages, '[]') as agreeing_stages,
    coalesce(is_active, true) as is_active
from entries
where not is_deleted
