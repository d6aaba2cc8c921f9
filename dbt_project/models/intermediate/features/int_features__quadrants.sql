-- One row a feature that somebody used in a complete week: its adoption and on how many days of the week its adopters used
-- it, both beside the medians of the week's features, and on which side of these it lies. A feature at a median is among the
-- many, or often used. No quadrant in a week of fewer than three features.
with features as (
    select
        feature_id,
        week_start,
        cast(sum(case when is_used then 1 else 0 end) as double) / count(*) as adoption_rate,
        cast(sum(use_day_count) as double) / nullif(sum(case when is_used then 1 else 0 end), 0) as use_days_mean
    from {{ ref('int_features__person_weeks') }}
    group by feature_id, week_start
),

medians as (
    select
        week_start,
        count(*) as feature_count,
        {{ percentile('adoption_rate', 0.5) }} as adoption_rate_median,
        {{ percentile('use_days_mean', 0.5) }} as use_days_mean_median
    from features
    where use_days_mean is not null
    group by week_start
)

select
    features.feature_id,
    features.week_start,
    features.adoption_rate,
    features.use_days_mean,
    medians.adoption_rate_median,
    medians.use_days_mean_median,
    case
        when medians.feature_count < 3 then null
        when features.adoption_rate >= medians.adoption_rate_median
            then
                case when features.use_days_mean >= medians.use_days_mean_median then 'many_often' else 'many_seldom' end
        when features.use_days_mean >= medians.use_days_mean_median then 'few_often'
        else 'few_seldom'
    end as quadrant
from features
inner join medians on features.week_start = medians.week_start
where features.use_days_mean is not null
