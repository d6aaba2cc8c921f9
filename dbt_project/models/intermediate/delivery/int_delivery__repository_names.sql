-- Grain: one row a name that a repository has or had, or that the registry knows: which repository that is, under its name
-- of now. Addresses of records keep the name of the time at which they were read. A name that several
-- had is that of the one that has it now.
with current_repositories as (
    select
        repository_id,
        repository,
        default_branch
    from {{ ref('stg_github__repositories') }}
),

named as (
    select
        names.repository as name,
        names.repository_id,
        coalesce(current_repositories.repository, names.repository) as repository,
        current_repositories.default_branch,
        row_number() over (
            partition by names.repository
            order by
                case when names.repository = current_repositories.repository then 0 else 1 end asc,
                length(names.repository_id) desc,
                names.repository_id desc
        ) as place
    from {{ ref('stg_github__repository_names') }} as names
    left join current_repositories
        on names.repository_id = current_repositories.repository_id
),

known as (
    select
        name,
        repository_id,
        repository,
        default_branch
    from named
    where place = 1
    union all
    select
        team_repositories.repository as name,
        cast(null as {{ dbt.type_string() }}) as repository_id,
        team_repositories.repository,
        cast(null as {{ dbt.type_string() }}) as default_branch
    from {{ ref('stg_registry__team_repositories') }} as team_repositories
    left join named
        on team_repositories.repository = named.name
    where named.name is null
)

select
    name,
    repository_id,
    repository,
    default_branch
from known
