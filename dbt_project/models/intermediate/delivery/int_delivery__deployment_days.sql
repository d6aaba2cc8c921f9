-- Grain: one row a team, and `(all)`, and day from the week of the first successful deployment to production to the
-- day before as_of: was anything brought to production on it? Days without are rows too, of a team on those on which it
-- owns a repository that the code host has.
with successes as (
    select distinct
        team_id,
        {{ reporting_date('first_success_at') }} as deployed_date
    from {{ ref('int_delivery__deployments') }}
    where
        is_production
        and is_successful
),

owners as (
    select team_id, owned_from, owned_to from {{ ref('int_delivery__repository_teams') }}
    union all
    select distinct team_id, cast('0001-01-01' as date), cast('9999-12-31' as date) from successes
    where team_id = '(unknown)'
    union all
    select '(all)', cast('0001-01-01' as date), cast('9999-12-31' as date)
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
),

team_days as (
    select distinct owners.team_id, days.date_day
    from owners
    inner join days
        on days.date_day between owners.owned_from and owners.owned_to
)

select
    team_days.team_id,
    team_days.date_day,
    deployed_days.deployed_date is not null as is_deployment_day
from team_days
left join deployed_days
    on
        team_days.team_id = deployed_days.team_id
        and team_days.date_day = deployed_days.deployed_date
