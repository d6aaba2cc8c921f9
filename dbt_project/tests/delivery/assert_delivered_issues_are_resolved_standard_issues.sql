-- Delivered issues are standard ones with a resolution date; nothing else has a lead or cycle time.
select issue_id
from {{ ref('fct_issue') }}
where
    (is_delivered and not (is_standard and is_resolved and resolved_at is not null))
    or (is_committed and not is_delivered)
    or (not is_delivered and (lead_time_seconds is not null or cycle_time_seconds is not null))
    or (is_delivered and lead_time_seconds is null)
