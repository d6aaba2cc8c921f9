-- Grain: one row an issue: the dates it was promised for. The commitment is the first due date ever set, whatever became of
-- it; in the variant it is the due date of as_of, and one that was removed is none. Without any, the latest release date
-- of its fix versions. A due date without time is never moved between time zones.
with issues as (
    select
        issue_id,
        due_date
    from {{ ref('int_delivery__tracker_issues') }}
),

changes as (
    select
        issue_id,
        change_number,
        from_date,
        to_date,
        is_after_as_of
    from {{ ref('int_delivery__due_date_changes') }}
),

summaries as (
    select
        issue_id,
        max(case when change_number = 1 then from_date end) as initial_date,
        max(case when not is_after_as_of then change_number end) as last_number,
        cast(sum(case when not is_after_as_of and from_date <> to_date then 1 else 0 end) as bigint) as due_move_count
    from changes
    group by issue_id
),

due_dates as (
    select
        issues.issue_id,
        0 as change_number,
        case when summaries.issue_id is null then issues.due_date else summaries.initial_date end as due_date
    from issues
    left join summaries
        on issues.issue_id = summaries.issue_id
    union all
    select
        issue_id,
        change_number,
        to_date as due_date
    from changes
    where not is_after_as_of
),

ranked as (
    select
        issue_id,
        due_date,
        row_number() over (partition by issue_id order by change_number asc) as place
    from due_dates
    where due_date is not null
),

releases as (
    select
        issue_id,
        max(release_date) as fix_version_date
    from {{ ref('int_delivery__fix_versions') }}
    group by issue_id
),

due as (
    select
        issues.issue_id,
        coalesce(firsts.due_date, case when states.is_record_newer then issues.due_date end) as first_due_date,
        case
            when summaries.issue_id is null or states.is_record_newer then issues.due_date
            when summaries.last_number is null then summaries.initial_date
            else lasts.to_date
        end as last_due_date,
        coalesce(summaries.due_move_count, 0) as due_move_count
    from issues
    left join summaries
        on issues.issue_id = summaries.issue_id
    left join changes as lasts
        on
            summaries.issue_id = lasts.issue_id
            and summaries.last_number = lasts.change_number
    left join ranked as firsts
        on
            issues.issue_id = firsts.issue_id
            and firsts.place = 1
    left join {{ ref('int_delivery__field_states') }} as states
        on
            issues.issue_id = states.issue_id
            and states.field = 'duedate'
)

select
    due.issue_id,
    due.first_due_date,
    due.last_due_date,
    coalesce(due.first_due_date, releases.fix_version_date) as commitment_date,
    coalesce(due.last_due_date, releases.fix_version_date) as commitment_last_date,
    due.due_move_count
from due
left join releases
    on due.issue_id = releases.issue_id
