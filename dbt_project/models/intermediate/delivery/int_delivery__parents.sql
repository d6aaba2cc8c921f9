-- Grain: one row an issue with a parent as of as_of: for a sub-task its issue, for an issue its epic. By the changes of the
-- parent or the link to an epic; without them, or where the record is younger, by the record. An id comes before a key.
with issues as (
    select
        issue_id,
        parent_id,
        parent_key
    from {{ ref('int_delivery__tracker_issues') }}
),

states as (
    select
        issues.issue_id,
        case
            when states.issue_id is null or states.is_record_newer then issues.parent_id
            when states.last_changed_at is null then states.first_value
            else states.last_value
        end as parent_id,
        case
            when states.issue_id is null or states.is_record_newer then issues.parent_key
            when states.last_changed_at is null then states.first_text
            else states.last_text
        end as parent_key
    from issues
    left join {{ ref('int_delivery__field_states') }} as states
        on
            issues.issue_id = states.issue_id
            and states.field = 'parent'
),

parents as (
    select
        states.issue_id,
        coalesce(by_id.issue_id, by_key.issue_id, by_text.issue_id) as parent_issue_id
    from states
    left join issues as by_id
        on states.parent_id = by_id.issue_id
    left join {{ ref('int_delivery__issue_keys') }} as by_key
        on upper(trim(states.parent_key)) = by_key.issue_key
    left join issues as by_text
        on trim(states.parent_key) = by_text.issue_id
)

select
    issue_id,
    parent_issue_id
from parents
where
    parent_issue_id is not null
    and parent_issue_id <> issue_id
