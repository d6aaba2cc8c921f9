-- Grain: one row a repository, under its name of now, and a time for which a team of the registry owns it. The registry may
-- name a repository by any of its names; where it gives one to two teams at once, by two of them, that of now counts.
with owned as (
    select
        names.repository,
        team_repositories.team_id,
        team_repositories.owned_from,
        team_repositories.owned_to,
        row_number() over (
            partition by names.repository
            order by
                case when names.name = names.repository then 0 else 1 end asc,
                names.name asc,
                team_repositories.owned_from asc,
                team_repositories.team_id asc
        ) as place
    from {{ ref('int_delivery__repository_names') }} as names
    inner join {{ ref('stg_registry__team_repositories') }} as team_repositories
        on names.name = team_repositories.repository
)

select
    owned.repository,
    owned.team_id,
    owned.owned_from,
    owned.owned_to
from owned
left join owned as preferred
    on
        owned.repository = preferred.repository
        and owned.place > preferred.place
        and owned.owned_from <= preferred.owned_to
        and owned.owned_to >= preferred.owned_from
where preferred.repository is null
