-- Grain: one row an issue: where it stands as of as_of, when it was first in progress, when it first and last
-- entered done (moves between two done statuses are no new entry), and how often and when it left done again. A status of
-- which nobody knows the category may have been in progress: an issue that came through one is marked.
with stays as (
    select
        issue_id,
        status_original,
        status_category,
        stage,
        stay_number,
        is_inferred,
        started_at,
        ended_at,
        duration_seconds,
        lag(status_category) over (partition by issue_id order by stay_number asc) as previous_category
    from {{ ref('int_delivery__status_intervals') }}
),

entries as (
    select
        issue_id,
        min(case when status_category = 'indeterminate' then started_at end) as first_in_progress_at,
        min(case when status_category = 'done' then started_at end) as first_done_at,
        max(case when status_category = 'done' and coalesce(previous_category, '') <> 'done' then started_at end)
            as last_done_at,
        cast(sum(case when status_category <> 'done' and previous_category = 'done' then 1 else 0 end) as bigint)
            as reopen_count,
        min(case when status_category <> 'done' and previous_category = 'done' then started_at end) as first_reopened_at,
        max(case when is_inferred then 1 else 0 end) = 1 as is_status_inferred,
        min(case when status_category = '(unknown)' then started_at end) as first_unknown_at
    from stays
    group by issue_id
),

done_in_between as (
    select
        stays.issue_id,
        cast(sum(stays.duration_seconds) as bigint) as done_seconds
    from stays
    inner join entries
        on stays.issue_id = entries.issue_id
    where
        stays.status_category = 'done'
        and stays.started_at >= entries.first_in_progress_at
        and stays.started_at < entries.last_done_at
    group by stays.issue_id
)

select
    entries.issue_id,
    current_stays.status_original,
    current_stays.status_category,
    current_stays.stage,
    coalesce(done_in_between.done_seconds, 0) as done_in_between_seconds,
    entries.reopen_count,
    entries.is_status_inferred,
    coalesce(entries.first_unknown_at < entries.first_in_progress_at, false) as is_beginning_unknown,
    entries.first_in_progress_at,
    entries.first_done_at,
    entries.first_reopened_at,
    case when current_stays.status_category = 'done' then entries.last_done_at end as done_at
from entries
inner join stays as current_stays
    on
        entries.issue_id = current_stays.issue_id
        and current_stays.ended_at is null
left join done_in_between
    on entries.issue_id = done_in_between.issue_id
