with entries as (
    {{ stage_latest(source('registry', 'targets'), [
        ('id', 'target_id', 'text'),
        ('metric', 'metric', 'text'),
        ('at_least', 'at_least', 'double'),
        ('at_most', 'at_most', 'double'),
    ]) }}
)

select
    target_id,
    metric,
    at_least,
    at_most
from entries
where not is_deleted
