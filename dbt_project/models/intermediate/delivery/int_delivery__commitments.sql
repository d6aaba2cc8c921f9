-- Grain: one row an issue: the dates it was promised for. The commitment is the first due date ever set (the last
-- one in the variant); without any, the latest release date of its fix versions. A due date without time is never
-- moved between time zones.
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
        {{ try_cast('left(from_value, 10)', 'date') }} as from_date,
        {{ try_cast('left(to_value, 10)', 'date') }} as to_date,
        is_after_as_of
    from {{ ref('int_delivery__changes') }}
    where field = 'duedate'
),

first_changes as (
    select
        issue_id,
        from_date
    from changes
    where change_number = 1
),

due_dates as (
    select
        issues.issue_id,
        0 as change_number,
        case when first_changes.issue_id is null then issues.due_date else first_changes.from_date end as due_date
    from issues
    left join first_changes
        on issues.issue_id = first_changes.issue_id
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
        row_number() over (partition by issue_id order by change_number asc) as rank_from_first,
        row_number() over (partition by issue_id order by change_number desc) as rank_from_last
    from due_dates
    where due_date is not null
),

due as (
    select
        issue_id,
        max(case when rank_from_first = 1 then due_date end) as first_due_date,
        max(case when rank_from_last = 1 then due_date end) as last_due_date
    from ranked
    group by issue_id
),

moves as (
    select
        issue_id,
        cast(count(*) as bigint) as due_move_count
    from changes
    where
        not is_after_as_of
        and from_date is not null
        and to_date is not null
        and from_date <> to_date
    group by issue_id
),

releases as (
    select
        issue_id,
        max(release_date) as fix_version_date
    from {{ ref('int_delivery__fix_versions') }}
    group by issue_id
)

select
    issues.issue_id,
    due.first_due_date,
    due.last_due_date,
    coalesce(due.first_due_date, releases.fix_version_date) as commitment_date,
    coalesce(due.last_due_date, releases.fix_version_date) as commitment_last_date,
    coalesce(moves.due_move_count, 0) as due_move_count
from issues
left join due
    on issues.issue_id = due.issue_id
left join moves
    on issues.issue_id = moves.issue_id
left join releases
    on issues.issue_id = releases.issue_id
