-- Grain: one row a feature of GrowthBook, an environment and a moment before as_of at which it was switched, or given to more or fewer
-- people: by its revisions, and by what it was whenever it was read. A change of anything else is none.
with told as (
    select
        feature_flag_id as flag_id,
        feature_key as flag_key,
        environment,
        is_on,
        rollout_share,
        true as is_revision,
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
        false as is_revision,
        modified_at as changed_at
    from {{ ref('stg_growthbook__feature_states') }}
    where
        is_on is not null
        and modified_at < {{ as_of_at() }}
),

moments as (
    select
        *,
        row_number() over (
            partition by flag_id, environment, changed_at
            order by is_revision desc, is_on desc, rollout_share desc nulls last
        ) as place
    from told
),

followed as (
    select
        *,
        lag(is_on) over (partition by flag_id, environment order by changed_at) as was_on,
        lag(rollout_share) over (partition by flag_id, environment order by changed_at) as share_before
    from moments
    where place = 1
)

select
    flag_id,
    flag_key,
    environment,
    is_on,
    rollout_share,
    was_on is null and not is_revision as is_first_known,
    changed_at
from followed
where
    was_on is null
    or is_on <> was_on
    or coalesce(rollout_share, -1) <> coalesce(share_before, -1)
