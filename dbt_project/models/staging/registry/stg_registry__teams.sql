with entries as (
    {{ stage_latest(source('registry', 'teams'), [
        ('id', 'team_id', 'text'),
        ('formerly', 'former_ids', 'json'),
        ('name', 'team_name', 'text'),
        ('owner', 'owner', 'text'),
        ('jira_projects', 'jira_projects', 'json'),
        ('repositories', 'repositories', 'json'),
        ('_ordinal', 'position_in_file', 'integer'),
    ]) }}
)

select
    team_id,
    coalesce(former_ids, '[]') as former_ids,
    team_name,
    owner,
    jira_projects,
    repositories,
    row_number() over (order by position_in_file asc nulls last, team_id asc) as ordinal
from entries
where not is_deleted
