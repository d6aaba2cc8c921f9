-- Grain: one row an issue: was everything that happened to its fields read (`is_history_whole`)? Where it was not,
-- `history_gap` says why, and no duration, count or first date is taken from its history; `is_creation_late`: what is
-- written down as its creation is not. The code host's issues have no history that is read.
with histories as (
    select
        issue_id,
        count(*) as history_count,
        min(changed_at) as first_changed_at,
        sum(case when changed_at is null then 1 else 0 end) as untimed_count
    from {{ ref('stg_jira__histories') }}
    group by issue_id
),

issues as (
    select
        issues.issue_id,
        case
            when issues.source <> 'jira' then 'not_read'
            when not issues.is_creation_known then 'creation_unknown'
            -- A clock may be a moment behind; an import may be years.
            when histories.first_changed_at < {{ add_time('hour', -1, 'issues.created_at') }} then 'older_than_creation'
            when issues.history_total > coalesce(histories.history_count, 0) then 'cut_off'
            when histories.untimed_count > 0 then 'without_time'
            when progress.is_status_inferred and states.issue_id is null then 'no_changes'
            when progress.is_status_inferred then 'contradicts_record'
        end as history_gap
    from {{ ref('int_delivery__tracker_issues') }} as issues
    inner join {{ ref('int_delivery__progress') }} as progress
        on issues.issue_id = progress.issue_id
    left join histories
        on issues.issue_id = histories.issue_id
    left join {{ ref('int_delivery__field_states') }} as states
        on
            issues.issue_id = states.issue_id
            and states.field = 'status'
)

select
    issue_id,
    history_gap is null as is_history_whole,
    coalesce(history_gap in ('creation_unknown', 'older_than_creation'), false) as is_creation_late,
    history_gap
from issues
