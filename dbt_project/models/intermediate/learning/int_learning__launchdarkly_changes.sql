-- Grain: one row a flag of LaunchDarkly, an environment and a moment before as_of at which it was switched, or given to more or
-- fewer people: by the audit log, and by what the flag was whenever it was read. A change of anything else is none. What it was
-- before the first entry that is known is taken for what it was from its creation on.
with first_entries as (
    select
        flag_id,
        flag_key,
        environment,
        is_on,
        rollout_share,
        changed_at,
        row_number() over (
            partition by flag_id, environment
            order by changed_at asc, entry_id asc
        ) as place
    from {{ ref('stg_launchdarkly__flag_changes') }}
    where
        is_before
        and is_on is not null
),

told as (
    select
        flag_id,
        flag_key,
        environment,
        is_on,
        rollout_share,
        true as is_of_history,
        changed_at
    from {{ ref('stg_launchdarkly__flag_changes') }}
    where
        is_on is not null
        and not is_before
    union all
    select
        first_entries.flag_id,
        first_entries.flag_key,
        first_entries.environment,
        first_entries.is_on,
        first_entries.rollout_share,
        false as is_of_history,
        flags.created_at as changed_at
    from first_entries
    inner join {{ ref('stg_launchdarkly__flags') }} as flags
        on
            first_entries.flag_id = flags.flag_id
            and first_entries.changed_at > flags.created_at
    where first_entries.place = 1
    union all
    select
        flag_id,
        flag_key,
        environment,
        is_on,
        rollout_share,
        false as is_of_history,
        modified_at as changed_at
    from {{ ref('stg_launchdarkly__flag_states') }}
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
