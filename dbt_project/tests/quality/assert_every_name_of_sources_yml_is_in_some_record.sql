{{ config(severity='warn') }}
-- What no record has is misspelt in the registry, or was renamed or hidden in the tool: its column is empty.
select
    source || ': `' || names || '` (' || setting || ') is in 0 of ' || cast(total as {{ dbt.type_string() }}) || ' ' || records
        as what_is_named,
    source,
    setting
from {{ ref('int_quality__mapped_names') }}
where
    counted = 0
    and total > 0
