-- Grain: one row a declared launch and an account that used something in the four weeks before it: whether its people could see what
-- was launched. They could not where the account's plan has none of the features, and where they used other products alone. Who
-- was not there before, and whose plan nobody knows where the plan decides, is in no row.
with launched as (
    select
        declared.launch_id,
        declared.launched_on,
        features.feature_id,
        features.product_id
    from {{ ref('int_launches__declared') }} as declared
    inner join {{ ref('int_launches__features') }} as features
        on declared.launch_id = features.launch_id
),

used as (
    select
        launched.launch_id,
        days.account_id,
        max(case when days.product_id = launched.product_id then 1 else 0 end) = 1 as has_product
    from launched
    inner join {{ ref('int_usage__account_days') }} as days
        on
            days.event_date >= {{ add_days('launched.launched_on', -28) }}
            and launched.launched_on > days.event_date
            and days.event_date < {{ as_of_date() }}
    group by launched.launch_id, days.account_id
),

plans as (
    select distinct
        launched.launch_id,
        eligible.plan
    from launched
    inner join {{ ref('int_features__eligible_plans') }} as eligible
        on launched.feature_id = eligible.feature_id
),

compared as (
    select
        used.launch_id,
        used.account_id,
        used.has_product,
        accounts.plan is not null as is_plan_known,
        plans.plan is not null as has_plan
    from used
    inner join {{ ref('int_crm__accounts') }} as accounts
        on used.account_id = accounts.account_id
    left join plans
        on
            used.launch_id = plans.launch_id
            and coalesce(accounts.plan, '(unknown)') = plans.plan
)

select
    launch_id,
    account_id,
    has_plan and has_product as could_see,
    case
        when not has_plan then 'plan'
        when not has_product then 'product'
    end as why_not
from compared
where
    has_plan
    or is_plan_known
