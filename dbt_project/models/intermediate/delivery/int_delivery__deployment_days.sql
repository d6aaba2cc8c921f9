-- Grain: one row a team, and `(all)`, and day from the week of the first successful deployment to production to the
-- day before as_of: was anything brought to production on it? Days without are rows too.
with successes as (
    select distinct
        team_id,
        {{ reporting_date('first_success_at') }} as deployed_date
    from {{ ref('int_delivery__deployments') }}
    where
        is_production
        and is_successful
),

teams as (
    select team_id from {{ ref('stg_registry__team_repositories') }}
    union distinct
    select team_id from successes
    union distinct
    select '(all)' as team_id
),

deployed_days as (
    select
        team_id,
        deployed_date
    from successes
    union distinct
    select
        '(all)' as team_id,
        deployed_date
    from successes
),

days as (
    select calendar.date_day
    from {{ ref('int_calendar__days') }} as calendar
    inner join (select min(deployed_date) as first_date from successes) as beginning
        on calendar.date_day >= {{ week_start('beginning.first_date') }}
    where calendar.date_day < {{ as_of_date() }}
)

select
    teams.team_id,
    days.date_day,
    deployed_days.deployed_date is not null as is_deployment_day
from teams
cross join days
left join deployed_days
    on
        teams.team_id = deployed_days.team_id
        and days.date_day = deployed_days.deployed_date
