{{ config(meta={'dagster': {'ref': {'name': 'int_delivery__issue_stages'}}}) }}
-- What an issue spent in its stages is never more than the time from creation to resolution.
select stages.issue_id
from {{ ref('int_delivery__issue_stages') }} as stages
inner join {{ ref('fct_issue') }} as issues
    on stages.issue_id = issues.issue_id
group by stages.issue_id, issues.lead_time_seconds
having
    sum(stages.stage_seconds) > issues.lead_time_seconds
    or min(stages.stage_seconds) < 0
