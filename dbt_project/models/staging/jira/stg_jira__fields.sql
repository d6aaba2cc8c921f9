-- Grain: one row a field of the tracker, system or custom.
with fields as (
    {{ stage_as_of(source('jira', 'fields'), [
        ('name', 'field_name', 'text'),
        ('schema.type', 'schema_type', 'text'),
        ('schema.custom', 'custom_type', 'text'),
        ('custom', 'is_custom', 'boolean'),
    ]) }}
)

select
    record_id as field_id,
    field_name,
    schema_type,
    custom_type,
    coalesce(is_custom, false) as is_custom,
    is_deleted
from fields
