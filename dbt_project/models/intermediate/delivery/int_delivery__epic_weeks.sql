-- Grain: one row an epic and a complete week at whose end it was accepted no longer than 364 days ago: the days
-- from acceptance to launch (`is_launched`), or to the end of the week when it was not launched by then;
-- and the team that owned its project on that day.
with weeks as (
    select distinct
        week_start,
        week_end
    from {{ ref('int_calendar__days') }}
    where week_end < {{ as_of_date() }}
)

select
    weeks.week_start,
    weeks.week_end,
    epics.epic_id,
    coalesce(owners.team_id, '(unknown)') as team_id,
    coalesce(epics.launched_date <= weeks.week_end, false) as is_launched,
    case
        when epics.launched_date <= weeks.week_end then {{ days_between('epics.accepted_date', 'epics.launched_date') }}
        else {{ days_between('epics.accepted_date', 'weeks.week_end') }}
    end as duration_days
from {{ ref('int_delivery__epics') }} as epics
inner join weeks
    on
        epics.accepted_date <= weeks.week_end
        and epics.accepted_date > {{ add_days('weeks.week_end', -364) }}
left join {{ ref('int_delivery__issue_teams') }} as owners
    on
        epics.epic_id = owners.issue_id
        and {{ least() }}(coalesce(epics.launched_date, weeks.week_end), weeks.week_end) between owners.owned_from and owners.owned_to
-- What was launched before it was written down took a time that nobody knows.
where not coalesce(epics.is_launched_before_accepted, false)
