-- Grain: one row a feature of GrowthBook, an environment and a moment before as_of at which it was switched, or given to more or fewer
-- people: by its revisions, and by what it was whenever it was read. A change of anything else is none.
with told as (
    select
        feature_flag_id as flag_id,
        feature_key as flag_key,
        environment,
        is_on,
        rollout_share,
        true as is_of_history,
        changed_at
    from {{ ref('stg_growthbook__feature_revisions') }}
    where is_on is not null
    union all
    select
        feature_flag_id as flag_id,
        feature_key as flag_key,
        environment,
        is_on,
        rollout_share,
        false as is_of_history,
        modified_at as changed_at
    from {{ ref('stg_growthbook__feature_states') }}
    where
        is_on is not null
        and modified_at < {{ as_of_at() }}
),

changes as (
    {{ flag_changes_of('told') }}
)

select
    flag_id,
    flag_key,
    environment,
    is_on,
    rollout_share,
    is_first_known,
    changed_at
from changes
