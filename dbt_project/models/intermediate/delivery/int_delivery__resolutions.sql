-- Grain: one row an issue: its resolution as of as_of, and when it got it, from the changes of its resolution.
-- Without such changes the record speaks, unless it was resolved after as_of.
with issues as (
    select
        issue_id,
        resolution,
        resolved_at
    from {{ ref('int_delivery__tracker_issues') }}
),

changes as (
    select
        issue_id,
        change_number,
        coalesce(from_text, from_value) as from_resolution,
        coalesce(to_text, to_value) as to_resolution,
        changed_at,
        is_after_as_of
    from {{ ref('int_delivery__changes') }}
    where field = 'resolution'
),

summaries as (
    select
        issue_id,
        max(case when not is_after_as_of then change_number end) as last_change_number,
        max(case when is_after_as_of then 1 else 0 end) = 1 as is_changed_later,
        min(case when not is_after_as_of and to_resolution is not null then changed_at end) as first_resolved_at,
        max(case when not is_after_as_of and from_resolution is null and to_resolution is not null then changed_at end)
            as last_resolved_at
    from changes
    group by issue_id
),

states as (
    select
        issues.issue_id,
        case
            when summaries.issue_id is null
                then case
                    when issues.resolved_at is null or issues.resolved_at < {{ as_of_at() }} then issues.resolution
                end
            when summaries.last_change_number is null then first_changes.from_resolution
            else last_changes.to_resolution
        end as resolution,
        case
            when not coalesce(summaries.is_changed_later, false) and issues.resolved_at < {{ as_of_at() }}
                then issues.resolved_at
            else summaries.last_resolved_at
        end as resolved_at,
        summaries.first_resolved_at
    from issues
    left join summaries
        on issues.issue_id = summaries.issue_id
    left join changes as last_changes
        on
            summaries.issue_id = last_changes.issue_id
            and summaries.last_change_number = last_changes.change_number
    left join changes as first_changes
        on
            summaries.issue_id = first_changes.issue_id
            and first_changes.change_number = 1
)

select
    issue_id,
    resolution,
    first_resolved_at,
    case when resolution is not null then resolved_at end as resolved_at
from states
