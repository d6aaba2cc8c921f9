-- Grain: one row a link between two records, in its latest state. A link that was taken away stays, as deleted.
with associations as (
    {{ stage_as_of(source('hubspot', 'associations'), [
        ('from_type', 'from_type', 'text'),
        ('from_id', 'from_id', 'text'),
        ('to_type', 'to_type', 'text'),
        ('to_id', 'to_id', 'text'),
        ('types', 'association_types', 'json'),
    ]) }}
)

select
    record_id as association_id,
    from_type,
    from_id,
    to_type,
    to_id,
    coalesce({{ contains_text("lower(association_types)", "'primary'") }}, false) as is_primary,
    is_deleted
from associations
