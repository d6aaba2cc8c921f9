-- Grain: one row an epic and a stage it reached: when it entered, when it left for the next stage that it reached,
-- and the days between. A next stage that began earlier is an order violation, and the days are null. `adopted` is
-- the end of the first complete week in which the feature's adoption met its target; nothing follows it.
with epics as (
    select
        epic_id,
        team_id,
        feature_id,
        adoption_target,
        accepted_date,
        released_date,
        launched_date
    from {{ ref('int_delivery__epics') }}
),

own_entries as (
    select
        issue_id as epic_id,
        stage,
        {{ reporting_date('min(started_at)') }} as entered_date
    from {{ ref('int_delivery__status_intervals') }}
    where stage in ('discovery', 'ready')
    group by issue_id, stage
),

children as (
    select
        issue_id,
        epic_id,
        first_in_progress_at,
        done_at
    from {{ ref('int_delivery__issues') }}
    where
        is_standard
        and epic_id is not null
),

child_reviews as (
    select
        issue_id,
        min(started_at) as first_review_at
    from {{ ref('int_delivery__status_intervals') }}
    where stage = 'review'
    group by issue_id
),

child_entries as (
    select
        children.epic_id,
        {{ reporting_date('min(children.first_in_progress_at)') }} as build_date,
        {{ reporting_date('min(child_reviews.first_review_at)') }} as review_date,
        case
            when count(children.done_at) = count(*) then {{ reporting_date('max(children.done_at)') }}
        end as all_done_date
    from children
    left join child_reviews
        on children.issue_id = child_reviews.issue_id
    group by children.epic_id
),

-- As feature_adoption_rate: of the eligible persons who were active in the week, those who used the feature.
adoption_weeks as (
    select
        feature_id,
        week_start,
        cast(sum(case when is_used then 1 else 0 end) as double) / count(*) as adoption_rate
    from {{ ref('int_features__person_weeks') }}
    where {{ add_days('week_start', 6) }} < {{ as_of_date() }}
    group by feature_id, week_start
),

adoptions as (
    select
        epics.epic_id,
        {{ add_days('min(weeks.week_start)', 6) }} as adopted_date
    from epics
    inner join adoption_weeks as weeks
        on epics.feature_id = weeks.feature_id
    where weeks.adoption_rate >= epics.adoption_target
    group by epics.epic_id
),

entries as (
    select epic_id, 1 as stage_number, 'idea' as stage, accepted_date as entered_date
    from epics
    union all
    select
        epic_id,
        case stage when 'discovery' then 2 else 3 end as stage_number,
        stage,
        entered_date
    from own_entries
    union all
    select epic_id, 4 as stage_number, 'build' as stage, build_date as entered_date
    from child_entries
    union all
    select epic_id, 5 as stage_number, 'review' as stage, review_date as entered_date
    from child_entries
    union all
    select
        epics.epic_id,
        6 as stage_number,
        'released' as stage,
        coalesce(epics.released_date, child_entries.all_done_date) as entered_date
    from epics
    left join child_entries
        on epics.epic_id = child_entries.epic_id
    union all
    select epic_id, 7 as stage_number, 'launched' as stage, launched_date as entered_date
    from epics
    where launched_date < {{ as_of_date() }}
    union all
    select epic_id, 8 as stage_number, 'adopted' as stage, adopted_date as entered_date
    from adoptions
),

stages as (
    select
        epics.epic_id,
        epics.team_id,
        epics.feature_id,
        entries.stage,
        entries.stage_number,
        entries.entered_date,
        lead(entries.entered_date) over (partition by epics.epic_id order by entries.stage_number asc) as left_date,
        epics.launched_date
    from entries
    inner join epics
        on entries.epic_id = epics.epic_id
    where entries.entered_date is not null
)

select
    epic_id,
    team_id,
    feature_id,
    stage,
    cast(stage_number as bigint) as stage_number,
    entered_date,
    left_date,
    cast(case when left_date >= entered_date then {{ days_between('entered_date', 'left_date') }} end as bigint)
        as stage_days,
    coalesce(left_date < entered_date, false) as is_order_violation,
    launched_date
from stages
