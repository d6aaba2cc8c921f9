-- Grain: one row an issue and field that ever changed: the last change before as_of, and what was before the first one.
-- `is_record_newer`: the record is of before as_of and not older than that change, so that it has the last word where the
-- two contradict one another (the tracker loses changes in imports and migrations).
with changes as (
    select
        issue_id,
        field,
        change_number,
        from_value,
        from_text,
        to_value,
        to_text,
        is_after_as_of,
        changed_at,
        max(case when is_after_as_of then 1 else 0 end) over (partition by issue_id, field) = 1 as is_changed_later,
        max(case when not is_after_as_of then change_number end) over (partition by issue_id, field) as last_number
    from {{ ref('int_delivery__changes') }}
)

select
    firsts.issue_id,
    firsts.field,
    firsts.from_value as first_value,
    firsts.from_text as first_text,
    lasts.to_value as last_value,
    lasts.to_text as last_text,
    firsts.is_changed_later,
    coalesce(
        issues.updated_at < {{ as_of_at() }}
        and (lasts.changed_at is null or issues.updated_at >= lasts.changed_at),
        false
    ) as is_record_newer,
    lasts.changed_at as last_changed_at
from changes as firsts
inner join {{ ref('int_delivery__tracker_issues') }} as issues
    on firsts.issue_id = issues.issue_id
left join changes as lasts
    on
        firsts.issue_id = lasts.issue_id
        and firsts.field = lasts.field
        and firsts.last_number = lasts.change_number
where firsts.change_number = 1
