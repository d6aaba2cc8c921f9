-- Grain: one row an epic and a stage it reached: when it entered, when it left for the next stage that it reached,
-- and the days spent there. Stages that its issues pass side by side (adjacent ones, reached by issues) share the days
-- from the first entry to the next stage, by the time that its delivered issues spent in each: an issue in review does
-- not end the building of the others. Without such time each lasts until the next. A next stage that began earlier than
-- the days do is an order violation, and they are null. Stages, their order and what an epic reaches them by (`epic_entry`) are the registry's; after them come `launched`, and `adopted`:
-- the end of the first complete week in which the feature's adoption met its target; nothing follows it. An epic whose
-- history, or an issue's of it, is not whole enters no stage by what it lacks, and stays in none for a known time.
with epics as (
    select
        epic_id,
        team_id,
        feature_id,
        adoption_target,
        accepted_date,
        released_date,
        launched_date,
        is_history_whole
    from {{ ref('int_delivery__epics') }}
),

own_stays as (
    select
        epics.epic_id,
        stays.stage,
        {{ reporting_date('min(stays.started_at)') }} as reached_date
    from {{ ref('int_delivery__status_intervals') }} as stays
    inner join epics
        on stays.issue_id = epics.epic_id
    where epics.is_history_whole
    group by epics.epic_id, stays.stage
),

children as (
    select
        issues.issue_id,
        epics.epic_id,
        epics.is_history_whole,
        issues.first_in_progress_at,
        issues.done_at
    from {{ ref('int_delivery__issues') }} as issues
    inner join epics
        on issues.epic_id = epics.epic_id
    where issues.is_standard
),

child_stays as (
    select
        children.epic_id,
        stays.stage,
        {{ reporting_date('min(stays.started_at)') }} as reached_date
    from children
    inner join {{ ref('int_delivery__status_intervals') }} as stays
        on children.issue_id = stays.issue_id
    where children.is_history_whole
    group by children.epic_id, stays.stage
),

issue_time as (
    select
        children.epic_id,
        issue_stages.stage,
        sum(issue_stages.stage_seconds) as stage_seconds
    from children
    inner join {{ ref('int_delivery__issue_stages') }} as issue_stages
        on children.issue_id = issue_stages.issue_id
    group by children.epic_id, issue_stages.stage
),

child_progress as (
    select
        epic_id,
        {{ reporting_date('min(case when is_history_whole then first_in_progress_at end)') }} as started_date,
        case when count(done_at) = count(*) then {{ reporting_date('max(done_at)') }} end as all_done_date
    from children
    group by epic_id
),

-- What may bring an epic into a stage; a null stage: into every one that is reached so.
moments as (
    select epic_id, 'created' as epic_entry, cast(null as {{ dbt.type_string() }}) as stage, accepted_date as reached_date
    from epics
    union all
    select epic_id, 'own_status' as epic_entry, stage, reached_date
    from own_stays
    union all
    select epic_id, 'any_status' as epic_entry, stage, reached_date
    from own_stays
    union all
    select epic_id, 'issue_status' as epic_entry, stage, reached_date
    from child_stays
    union all
    select epic_id, 'any_status' as epic_entry, stage, reached_date
    from child_stays
    union all
    select epic_id, 'issue_started' as epic_entry, null as stage, started_date as reached_date
    from child_progress
    union all
    select
        epics.epic_id,
        'released' as epic_entry,
        null as stage,
        coalesce(epics.released_date, child_progress.all_done_date) as reached_date
    from epics
    left join child_progress
        on epics.epic_id = child_progress.epic_id
),

last_stages as (
    select max(stage_number) as stage_number
    from {{ ref('stg_registry__stages') }}
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
    select
        moments.epic_id,
        stages.stage,
        stages.stage_number,
        min(moments.reached_date) as entered_date
    from {{ ref('stg_registry__stages') }} as stages
    inner join moments
        on
            stages.epic_entry = moments.epic_entry
            and stages.stage = coalesce(moments.stage, stages.stage)
    group by moments.epic_id, stages.stage, stages.stage_number
    union all
    select
        epics.epic_id,
        'launched' as stage,
        last_stages.stage_number + 1 as stage_number,
        epics.launched_date as entered_date
    from epics
    cross join last_stages
    where epics.launched_date < {{ as_of_date() }}
    union all
    select
        adoptions.epic_id,
        'adopted' as stage,
        last_stages.stage_number + 2 as stage_number,
        adoptions.adopted_date as entered_date
    from adoptions
    cross join last_stages
),

stages as (
    select
        epics.epic_id,
        epics.team_id,
        epics.feature_id,
        entries.stage,
        entries.stage_number,
        entries.entered_date,
        case
            when epics.is_history_whole
                then lead(entries.entered_date) over (partition by epics.epic_id order by entries.stage_number asc)
        end as left_date,
        epics.launched_date,
        coalesce(registered.epic_entry in ('issue_started', 'issue_status', 'any_status'), false) as is_of_issues,
        coalesce(issue_time.stage_seconds, 0) as issue_seconds
    from entries
    inner join epics
        on entries.epic_id = epics.epic_id
    left join {{ ref('stg_registry__stages') }} as registered
        on entries.stage = registered.stage
    left join issue_time
        on
            entries.epic_id = issue_time.epic_id
            and entries.stage = issue_time.stage
    where entries.entered_date is not null
),

-- Adjacent stages of issues have the number of stages before them that are none in common.
runs as (
    select
        *,
        sum(case when is_of_issues then 0 else 1 end) over (
            partition by epic_id order by stage_number asc rows between unbounded preceding and current row
        ) as run_number
    from stages
),

spans as (
    select
        *,
        sum(issue_seconds) over (partition by epic_id, is_of_issues, run_number) as run_seconds,
        min(entered_date) over (partition by epic_id, is_of_issues, run_number) as run_entered_date,
        last_value(left_date) over (
            partition by epic_id, is_of_issues, run_number
            order by stage_number asc
            rows between unbounded preceding and unbounded following
        ) as run_left_date
    from runs
),

shares as (
    select
        epic_id,
        team_id,
        feature_id,
        stage,
        stage_number,
        entered_date,
        left_date,
        launched_date,
        case when is_of_issues and run_seconds > 0 then run_entered_date else entered_date end as first_date,
        case when is_of_issues and run_seconds > 0 then run_left_date else left_date end as last_date,
        case when is_of_issues and run_seconds > 0 then cast(issue_seconds as double) / run_seconds else 1.0 end
            as share
    from spans
)

select
    epic_id,
    team_id,
    feature_id,
    stage,
    cast(stage_number as bigint) as stage_number,
    entered_date,
    left_date,
    case when last_date >= first_date then share * {{ days_between('first_date', 'last_date') }} end as stage_days,
    coalesce(last_date < first_date, false) as is_order_violation,
    launched_date
from shares
