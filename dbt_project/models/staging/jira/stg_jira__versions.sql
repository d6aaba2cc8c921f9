-- Grain: one row a fix version. A version counts as released once its release date is past by as_of.
with versions as (
    {{ stage_as_of(raw('jira', 'versions'), [
        ('projectId', 'project_id', 'id'),
        ('name', 'version_name', 'text'),
        ('released', 'is_released', 'boolean'),
        ('releaseDate', 'release_date', 'date'),
    ]) }}
)

select
    record_id as version_id,
    project_id,
    version_name,
    coalesce(is_released, false) and release_date < {{ as_of_date() }} as is_released,
    is_deleted,
    release_date
from versions
