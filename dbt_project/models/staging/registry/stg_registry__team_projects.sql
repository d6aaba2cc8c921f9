with teams as (
    select
        team_id,
        jira_projects
    from {{ ref('stg_registry__teams') }}
),

project_rows as (
    {{ json_array_rows('teams', ['team_id'], 'jira_projects') }}
)

select
    coalesce({{ json_property('item', "'name'") }}, item) as project_key,
    team_id,
    coalesce({{ try_cast(json_property('item', "'from'"), 'date') }}, cast('0001-01-01' as date)) as owned_from,
    coalesce({{ try_cast(json_property('item', "'to'"), 'date') }}, cast('9999-12-31' as date)) as owned_to
from project_rows
