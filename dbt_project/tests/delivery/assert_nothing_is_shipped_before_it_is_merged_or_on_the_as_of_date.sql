{{ config(meta={'dagster': {'ref': {'name': 'fct_pull_request'}}}) }}
-- What is in production was merged into the main branch before, and nothing happens on or after the as-of date.
select pull_request_id
from {{ ref('fct_pull_request') }}
where
    (is_deployed and not (is_merged and is_to_main_branch and deployed_at >= merged_at))
    or opened_date >= {{ as_of_date() }}
    or merged_date >= {{ as_of_date() }}
    or deployed_date >= {{ as_of_date() }}
