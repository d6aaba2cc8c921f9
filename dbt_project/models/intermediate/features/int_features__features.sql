-- One row a feature of the registry: the content of dim_feature. A feature without event rules is not instrumented.
with instrumented as (
    select distinct feature_id from {{ ref('stg_registry__feature_events') }}
)

select
    features.feature_id,
    features.feature_name,
    features.product_id,
    products.product_name,
    features.team_id,
    features.live_from,
    features.live_until,
    features.launched_on,
    instrumented.feature_id is not null as is_instrumented,
    features.adoption_target,
    features.eligible_plans
from {{ ref('stg_registry__features') }} as features
left join {{ ref('stg_registry__products') }} as products on features.product_id = products.product_id
left join instrumented on features.feature_id = instrumented.feature_id
