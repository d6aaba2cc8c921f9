-- Grain: one row an account, in its state of as_of. Merged companies stay, pointing to the account they became
-- (`merged_into_account_id`); no fact names them. Segment and plan are the current ones: usage and tickets
-- carry the segment of their own time.
select
    account_id,
    merged_into_account_id,
    app_account_id,
    owner_id,
    account_name,
    segment,
    plan,
    arr_usd,
    is_test_account,
    is_churned,
    is_merged,
    is_archived,
    churned_on,
    created_at
from {{ ref('int_crm__accounts') }}
