-- One row an instrumented feature and plan whose users may use the feature. Plans are those that accounts have now;
-- accounts without a known plan have plan `(unknown)`, eligible only for features that every plan may use.
with plans as (
    select distinct coalesce(plan, '(unknown)') as plan from {{ ref('int_crm__accounts') }}
    union
    select '(unknown)' as plan
),

listed as (
    {{ json_array_rows(ref('int_features__features'), ['feature_id'], 'eligible_plans') }}
)

select
    features.feature_id,
    features.product_id,
    features.live_from,
    coalesce(features.live_until, cast('9999-12-31' as date)) as live_until,
    plans.plan
from {{ ref('int_features__features') }} as features
cross join plans
left join listed as allowed on features.feature_id = allowed.feature_id and plans.plan = {{ slug_of('allowed.item') }}
left join (select distinct feature_id from listed) as limited on features.feature_id = limited.feature_id
where features.is_instrumented and (allowed.item is not null or limited.feature_id is null)
