with entries as (
    {{ stage_latest(source('registry', 'owners'), [
        ('id', 'area', 'text'),
        ('owner', 'owner', 'text'),
    ]) }}
)

select
    area,
    owner
from entries
where not is_deleted
