-- Grain: one row a complete week, an epic launched in the 91 days up to its end, and a stage that it reached, with
-- the days spent there (null where the order of stages is violated or the next stage is not reached).
with weeks as (
    select distinct
        week_start,
        week_end
    from {{ ref('int_calendar__days') }}
    where week_end < {{ as_of_date() }}
)

select
    weeks.week_start,
    stages.epic_id,
    stages.team_id,
    stages.feature_id,
    stages.stage,
    stages.stage_days
from {{ ref('int_delivery__epic_stages') }} as stages
inner join weeks
    on
        stages.launched_date <= weeks.week_end
        and stages.launched_date > {{ add_days('weeks.week_end', -91) }}
where stages.stage <> 'adopted'
