-- Grain: one row an issue: its resolution as of as_of, and when it got it, from the changes of its resolution. Without such
-- changes the record speaks, unless it was resolved after as_of; where it is younger than the last change it does, too.
with issues as (
    select
        issue_id,
        resolution,
        resolved_at
    from {{ ref('int_delivery__tracker_issues') }}
),

summaries as (
    select
        issue_id,
        min(case when coalesce(to_text, to_value) is not null then changed_at end) as first_resolved_at,
        max(case
            when coalesce(from_text, from_value) is null and coalesce(to_text, to_value) is not null then changed_at
        end) as last_resolved_at
    from {{ ref('int_delivery__changes') }}
    where
        field = 'resolution'
        and not is_after_as_of
    group by issue_id
),

states as (
    select
        issues.issue_id,
        case
            when states.issue_id is null
                then case
                    when issues.resolved_at is null or issues.resolved_at < {{ as_of_at() }} then issues.resolution
                end
            when states.is_record_newer then issues.resolution
            when states.last_changed_at is null then coalesce(states.first_text, states.first_value)
            else coalesce(states.last_text, states.last_value)
        end as resolution,
        case
            when not coalesce(states.is_changed_later, false) and issues.resolved_at < {{ as_of_at() }}
                then issues.resolved_at
            else summaries.last_resolved_at
        end as resolved_at,
        summaries.first_resolved_at
    from issues
    left join {{ ref('int_delivery__field_states') }} as states
        on
            issues.issue_id = states.issue_id
            and states.field = 'resolution'
    left join summaries
        on issues.issue_id = summaries.issue_id
)

select
    states.issue_id,
    states.resolution,
    -- What nobody gave a meaning counts as a delivery.
    states.resolution is null or coalesce(meanings.is_delivery, true) as is_delivery,
    states.first_resolved_at,
    case when states.resolution is not null then states.resolved_at end as resolved_at
from states
left join {{ ref('int_delivery__resolution_meanings') }} as meanings
    on {{ text_key('states.resolution') }} = meanings.resolution_key
