with entries as (
    {{ stage_latest(source('registry', 'services'), [
        ('id', 'service_name', 'text'),
        ('repository', 'repository', 'text'),
    ]) }}
)

select
    lower(trim(service_name)) as service_name,
    lower(trim(repository)) as repository
from entries
where not is_deleted
