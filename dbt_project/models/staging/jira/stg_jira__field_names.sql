-- Grain: one row a field of the tracker and a name that any version read of it had, in lower case.
with fields as (
    {{ stage_versions(raw('jira', 'fields'), [
        ('name', 'field_name', 'text'),
        ('untranslatedName', 'untranslated_name', 'text'),
    ]) }}
),

names as (
    select
        record_id as field_id,
        lower(trim(field_name)) as field_name
    from fields
    union distinct
    select
        record_id as field_id,
        lower(trim(untranslated_name)) as field_name
    from fields
)

select
    field_id,
    field_name
from names
where field_name <> ''
