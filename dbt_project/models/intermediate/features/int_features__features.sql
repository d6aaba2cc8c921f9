-- One row a feature of the registry: the content of dim_feature. A feature without event rules is not instrumented; of one
-- without tags of tickets nobody knows how many it has, of one without epics what was delivered for it, and of one without
-- tags, roadmap items and a survey of its own what is said of it.
with instrumented as (
    select distinct feature_id from {{ ref('stg_registry__feature_events') }}
),

tagged as (
    select distinct feature_id from {{ ref('stg_registry__feature_ticket_tags') }}
),

with_epics as (
    select distinct feature_id from {{ ref('stg_registry__feature_epics') }}
),

spoken_of as (
    select feature_id from tagged
    union distinct
    select feature_id from {{ ref('stg_registry__feature_roadmap_items') }}
    union distinct
    select feature_id from {{ ref('stg_registry__surveys') }}
    where feature_id is not null
)

select
    features.feature_id,
    features.feature_name,
    features.product_id,
    products.product_name,
    coalesce(owners.team_id, '(unknown)') as team_id,
    features.live_from,
    features.live_until,
    features.launched_on,
    instrumented.feature_id is not null as is_instrumented,
    tagged.feature_id is not null as has_ticket_tags,
    with_epics.feature_id is not null as has_epics,
    spoken_of.feature_id is not null as has_feedback_sources,
    features.adoption_target,
    features.eligible_plans
from {{ ref('stg_registry__features') }} as features
left join {{ ref('stg_registry__products') }} as products on features.product_id = products.product_id
left join instrumented on features.feature_id = instrumented.feature_id
left join tagged on features.feature_id = tagged.feature_id
left join with_epics on features.feature_id = with_epics.feature_id
left join spoken_of on features.feature_id = spoken_of.feature_id
left join {{ ref('stg_registry__feature_teams') }} as owners
    on
        features.feature_id = owners.feature_id
        and {{ add_days(as_of_date(), -1) }} between owners.owned_from and owners.owned_to
