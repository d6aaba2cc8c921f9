{{ config(meta={'dagster': {'ref': {'name': 'fct_deployment'}}}) }}
-- The pull requests that deployments brought to production are those that are there, and only counted deployments did.
select 'counts' as what
from (
    select sum(pull_request_count) as brought_count
    from {{ ref('fct_deployment') }}
) as deployments
cross join (
    select sum(case when is_deployed then 1 else 0 end) as deployed_count
    from {{ ref('fct_pull_request') }}
) as pull_requests
where coalesce(deployments.brought_count, 0) <> coalesce(pull_requests.deployed_count, 0)
union all
select deployment_id as what
from {{ ref('fct_deployment') }}
where
    not is_counted
    and (pull_request_count > 0 or has_incident)
