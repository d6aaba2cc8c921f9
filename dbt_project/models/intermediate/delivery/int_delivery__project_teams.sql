-- Grain: one row a project of the tracker and a time for which a team of the registry owns it. The registry names a project
-- by its key: by that of now, or by one that it had before and that no other project has now. Where it gives a project to
-- two teams at once, by two of its keys, that of now counts.
with current_keys as (
    select
        project_id,
        upper(trim(project_key)) as project_key
    from {{ ref('stg_jira__projects') }}
    where not is_deleted
),

known_keys as (
    select project_id, project_key from {{ ref('stg_jira__project_keys') }}
    union distinct
    select project_id, project_key
    from {{ ref('stg_jira__issue_versions') }}
    where project_id is not null and project_key is not null
),

owned as (
    select
        known_keys.project_id,
        team_projects.team_id,
        team_projects.owned_from,
        team_projects.owned_to,
        row_number() over (
            partition by known_keys.project_id
            order by
                case when current_keys.project_id = known_keys.project_id then 0 else 1 end asc,
                known_keys.project_key asc,
                team_projects.owned_from asc,
                team_projects.team_id asc
        ) as place
    from known_keys
    inner join {{ ref('stg_registry__team_projects') }} as team_projects
        on known_keys.project_key = upper(trim(team_projects.project_key))
    left join current_keys
        on known_keys.project_key = current_keys.project_key
    where
        current_keys.project_id is null
        or current_keys.project_id = known_keys.project_id
)

select
    owned.project_id,
    owned.team_id,
    owned.owned_from,
    owned.owned_to
from owned
left join owned as preferred
    on
        owned.project_id = preferred.project_id
        and owned.place > preferred.place
        and owned.owned_from <= preferred.owned_to
        and owned.owned_to >= preferred.owned_from
where preferred.project_id is null
