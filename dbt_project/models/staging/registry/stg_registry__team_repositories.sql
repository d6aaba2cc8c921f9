with teams as (
    select
        team_id,
        repositories
    from {{ ref('stg_registry__teams') }}
),

repository_rows as (
    {{ json_array_rows('teams', ['team_id'], 'repositories') }}
)

select
    lower(coalesce({{ json_property('item', "'name'") }}, item)) as repository,
    team_id,
    coalesce({{ try_cast(json_property('item', "'from'"), 'date') }}, cast('0001-01-01' as date)) as owned_from,
    coalesce({{ try_cast(json_property('item', "'to'"), 'date') }}, cast('9999-12-31' as date)) as owned_to
from repository_rows
