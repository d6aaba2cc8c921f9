-- Delivered issues are standard ones that are resolved; nothing else has a lead or cycle time, and none is negative.
select issue_id
from {{ ref('fct_issue') }}
where
    (is_delivered and not (is_standard and is_resolved))
    or (is_committed and not is_delivered)
    or (not is_delivered and (lead_time_seconds is not null or cycle_time_seconds is not null))
    or lead_time_seconds < 0
    or cycle_time_seconds < 0
