-- Grain: one row a product or component that existed by as_of, in the state of then.
with versions as (
    {{ productboard_entity_versions('components') }}
),

ranked as (
    select
        *,
        {{ as_of_version_rank('entity_id', 'updated_at') }} as version_rank
    from versions
)

select
    entity_id as component_id,
    entity_type as component_type,
    entity_name as component_name,
    relationships,
    is_archived,
    is_deleted,
    created_at,
    updated_at
from ranked
where
    version_rank = 1
    and (created_at is null or created_at < {{ as_of_at() }})
