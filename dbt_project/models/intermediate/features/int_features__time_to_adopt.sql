-- One row an instrumented feature and complete week: the median number of days from being able to use the feature to
-- its first use, of those who could from some day of the 84 that end with the week. Who had not used it by then counts
-- as still waiting (Kaplan-Meier); null while fewer than half have used it.
with weeks as (
    {{ complete_weeks() }}
),

waits as (
    select feature_id, start_date, first_use_date, cast(count(*) as bigint) as subject_count
    from {{ ref('int_features__first_uses') }}
    group by feature_id, start_date, first_use_date
),

durations as (
    select
        waits.feature_id,
        weeks.week_start,
        case
            when waits.first_use_date < waits.start_date then 0
            when waits.first_use_date <= weeks.week_end
                then {{ days_between('waits.start_date', 'waits.first_use_date') }}
            else {{ days_between('waits.start_date', 'weeks.week_end') }}
        end as duration_days,
        coalesce(waits.first_use_date <= weeks.week_end, false) as is_ended,
        waits.subject_count
    from waits
    inner join weeks
        on waits.start_date <= weeks.week_end and waits.start_date > {{ add_days('weeks.week_end', -84) }}
),

medians as (
    {{ survival_median('durations', ['feature_id', 'week_start']) }}
)

select
    medians.feature_id,
    features.product_id,
    medians.week_start,
    cast(medians.median_days as double) as median_days,
    medians.subject_count as person_count,
    medians.ended_count as adopter_count
from medians
inner join {{ ref('int_features__features') }} as features on medians.feature_id = features.feature_id
