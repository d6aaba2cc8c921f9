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
    lower(item) as repository,
    team_id
from repository_rows
