with entries as (
    {{ stage_latest(source('registry', 'exclusions'), [
        ('id', 'exclusion_id', 'text'),
        ('values', 'excluded_values', 'json'),
    ]) }}
),

live_entries as (
    select
        exclusion_id,
        excluded_values
    from entries
    where not is_deleted
),

value_rows as (
    {{ json_array_rows('live_entries', ['exclusion_id'], 'excluded_values') }}
)

select
    exclusion_id,
    item as value
from value_rows
