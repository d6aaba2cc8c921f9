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
    item as project_key,
    team_id
from project_rows
