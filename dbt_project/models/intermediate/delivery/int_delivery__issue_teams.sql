-- Grain: one row an issue and a time for which a team owns its project or repository: whose issue it was on a day. An issue
-- whose record names no project by id is told by the key.
select
    issues.issue_id,
    project_teams.team_id,
    project_teams.owned_from,
    project_teams.owned_to
from {{ ref('int_delivery__tracker_issues') }} as issues
inner join {{ ref('int_delivery__project_teams') }} as project_teams
    on issues.project_id = project_teams.project_id
where issues.source = 'jira'
union all
select
    issues.issue_id,
    team_projects.team_id,
    team_projects.owned_from,
    team_projects.owned_to
from {{ ref('int_delivery__tracker_issues') }} as issues
inner join {{ ref('stg_registry__team_projects') }} as team_projects
    on upper({{ qualified('issues.project_key', 'issues.issue_id') }}) = upper(trim(team_projects.project_key))
where
    issues.source = 'jira'
    and issues.project_id is null
union all
select
    issues.issue_id,
    repository_teams.team_id,
    repository_teams.owned_from,
    repository_teams.owned_to
from {{ ref('int_delivery__tracker_issues') }} as issues
inner join {{ ref('int_delivery__repository_teams') }} as repository_teams
    on issues.project_key = repository_teams.repository
where issues.source = 'github'
