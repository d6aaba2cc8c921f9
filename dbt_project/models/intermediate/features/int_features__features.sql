-- One row a feature of the registry: the content of dim_feature. A feature without event rules is not instrumented; of one
-- without tags of tickets nobody knows how many it has.
with instrumented as (
    select distinct feature_id from {{ ref('stg_registry__feature_events') }}
),

tagged as (
    select distinct feature_id from {{ ref('stg_registry__feature_ticket_tags') }}
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
    tagged.feature_id is not null as has_ticket_tags,
    features.adoption_target,
    features.eligible_plans
from {{ ref('stg_registry__features') }} as features
left join {{ ref('stg_registry__products') }} as products on features.product_id = products.product_id
left join instrumented on features.feature_id = instrumented.feature_id
left join tagged on features.feature_id = tagged.feature_id
