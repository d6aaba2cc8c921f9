-- Grain: one row a complete week and a team, or `(all)` teams: the Kaplan-Meier median of the days from acceptance
-- to launch of the epics accepted in the 364 days up to the week's end. Epics not launched by then are censored,
-- not dropped. The median is null while less than half is launched, by that estimate.
with epics as (
    select week_start, team_id, epic_id, is_launched, duration_days
    from {{ ref('int_delivery__epic_weeks') }}
    union all
    select week_start, '(all)' as team_id, epic_id, is_launched, duration_days
    from {{ ref('int_delivery__epic_weeks') }}
),

durations as (
    select
        week_start,
        team_id,
        duration_days,
        cast(count(*) as bigint) as epic_count,
        cast(sum(case when is_launched then 1 else 0 end) as bigint) as launched_count
    from epics
    group by week_start, team_id, duration_days
),

at_risk as (
    select
        week_start,
        team_id,
        duration_days,
        epic_count,
        launched_count,
        sum(epic_count) over (
            partition by week_start, team_id
            order by duration_days desc
            rows between unbounded preceding and current row
        ) as at_risk_count
    from durations
),

-- The product of the shares that remain, as a sum of logarithms; it is zero from where nobody remains.
survival as (
    select
        week_start,
        team_id,
        duration_days,
        sum(case when launched_count = at_risk_count then 1 else 0 end) over (
            partition by week_start, team_id
            order by duration_days asc
            rows between unbounded preceding and current row
        ) as exhausted_count,
        sum(
            case
                when launched_count < at_risk_count
                    then ln(1.0 - cast(launched_count as double) / cast(at_risk_count as double))
            end
        ) over (
            partition by week_start, team_id
            order by duration_days asc
            rows between unbounded preceding and current row
        ) as log_survival
    from at_risk
),

medians as (
    select
        week_start,
        team_id,
        min(duration_days) as median_days
    from survival
    where
        exhausted_count > 0
        or exp(log_survival) <= 0.5 + 0.000000001
    group by week_start, team_id
),

totals as (
    select
        week_start,
        team_id,
        cast(sum(epic_count) as bigint) as epic_count,
        cast(sum(launched_count) as bigint) as launched_count
    from durations
    group by week_start, team_id
)

select
    totals.week_start,
    totals.team_id,
    cast(medians.median_days as double) as median_days,
    totals.epic_count,
    totals.launched_count
from totals
left join medians
    on
        totals.week_start = medians.week_start
        and totals.team_id = medians.team_id
