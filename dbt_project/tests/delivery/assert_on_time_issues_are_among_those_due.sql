{{ config(meta={'dagster': {'ref': {'name': 'mart_delivery_week'}}}) }}
-- The numerator of the on-time rate is part of its denominator, issue by issue and week by week.
select issue_id as key
from {{ ref('fct_issue') }}
where
    (is_on_time is not null and commitment_date is null)
    or (is_on_time_last_due is not null and commitment_last_date is null)
    or (is_on_time and (resolved_date is null or resolved_date > commitment_date))
    or (is_on_time is not null and not is_standard)
union all
select team_id as key
from {{ ref('mart_delivery_week') }}
where
    on_time_count + late_open_count > due_count
    or on_time_count < 0
