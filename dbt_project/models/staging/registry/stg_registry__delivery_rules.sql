with entries as (
    {{ stage_latest(source('registry', 'delivery'), [
        ('id', 'rule_id', 'text'),
        ('values', 'names', 'json'),
    ]) }}
),

live_entries as (
    select
        rule_id,
        names
    from entries
    where not is_deleted
),

name_rows as (
    {{ json_array_rows('live_entries', ['rule_id'], 'names') }}
)

select distinct
    rule_id,
    lower(trim(item)) as name
from name_rows
