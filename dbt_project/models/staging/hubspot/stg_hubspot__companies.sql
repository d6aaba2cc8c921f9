-- Grain: one row a company that existed by as_of, in the state of then. Archived and merged companies stay.
with versions as (
    select
        *,
        {{ as_of_version_rank('company_id', 'updated_at') }} as version_rank
    from {{ ref('stg_hubspot__company_versions') }}
)

select
    company_id,
    owner_id,
    app_account_id,
    company_name,
    domain,
    additional_domains,
    segment,
    plan,
    merged_company_ids,
    arr_currency,
    arr,
    is_test_account,
    is_archived and (archived_at is null or archived_at < {{ as_of_at() }}) as is_archived,
    case when churned_on < {{ as_of_date() }} then churned_on end as churned_on,
    renews_on,
    created_at,
    updated_at,
    case when archived_at < {{ as_of_at() }} then archived_at end as archived_at
from versions
where
    version_rank = 1
    and (created_at is null or created_at < {{ as_of_at() }})
