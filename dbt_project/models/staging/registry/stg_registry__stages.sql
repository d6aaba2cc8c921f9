with entries as (
    {{ stage_latest(source('registry', 'stages'), [
        ('id', 'stage', 'text'),
        ('formerly', 'former_ids', 'json'),
        ('name', 'stage_name', 'text'),
        ('flow', 'flow', 'text'),
        ('epic_entry', 'epic_entry', 'text'),
        ('_ordinal', 'stage_number', 'integer'),
        ('statuses', 'statuses', 'json'),
    ]) }}
)

select
    stage,
    coalesce(former_ids, '[]') as former_ids,
    stage_name,
    stage_number,
    flow,
    coalesce(epic_entry, 'any_status') as epic_entry,
    statuses
from entries
where not is_deleted
