-- Grain: one row an account that existed by as_of, in the state of then. Deleted and merged accounts stay.
with versions as (
    select
        *,
        {{ as_of_version_rank('account_id', 'updated_at') }} as version_rank
    from {{ ref('stg_salesforce__account_versions') }}
)

select
    account_id,
    owner_id,
    -- Of versions that are all younger than as_of the deletion is not yet true.
    case when updated_at is null or updated_at < {{ as_of_at() }} then master_account_id end as master_account_id,
    app_account_id,
    account_name,
    domain,
    segment,
    plan,
    arr_currency,
    arr,
    is_test_account,
    is_deleted and (updated_at is null or updated_at < {{ as_of_at() }}) as is_deleted,
    case when churned_on < {{ as_of_date() }} then churned_on end as churned_on,
    renews_on,
    created_at,
    updated_at
from versions
where
    version_rank = 1
    and (created_at is null or created_at < {{ as_of_at() }})
