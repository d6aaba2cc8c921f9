-- Launched epics are among the epics of their week, and the teams' epics add up to all.
select week_start
from {{ ref('int_delivery__time_to_market') }}
group by week_start
having
    max(case when launched_count > epic_count then 1 else 0 end) = 1
    or sum(case when team_id = '(all)' then epic_count else -epic_count end) <> 0
    or min(median_days) < 0
