-- Grain: one row a flag of PostHog and a moment before as_of at which it was switched, or given to more or fewer people: by its log, and
-- by what it was whenever it was read. An entry says only what it changed: the rest is what an earlier one made it, else what a later
-- one found, else what was read. What it was before the first entry that is known is taken for what it was from its creation on.
with entries as (
    select
        *,
        count(is_on_after) over (partition by flag_id order by changed_at asc, entry_id asc) as on_number,
        sum(case when is_share_changed then 1 else 0 end)
            over (partition by flag_id order by changed_at asc, entry_id asc) as share_number
    from {{ ref('stg_posthog__flag_changes') }}
),

first_found as (
    select
        flag_id,
        is_on_before,
        row_number() over (partition by flag_id order by changed_at asc, entry_id asc) as place
    from entries
    where is_on_before is not null
),

first_shares as (
    select
        flag_id,
        share_before,
        row_number() over (partition by flag_id order by changed_at asc, entry_id asc) as place
    from entries
    where is_share_changed
),

readings as (
    select
        *,
        row_number() over (partition by flag_id order by known_at desc, state_id asc) as newest_rank
    from {{ ref('stg_posthog__flag_states') }}
    where is_on is not null
),

known_flags as (
    select flag_id from entries
    union distinct
    select flag_id from readings
),

beginnings as (
    select
        known_flags.flag_id,
        coalesce(first_found.is_on_before, readings.is_on) as is_on,
        case when first_shares.flag_id is not null then first_shares.share_before else readings.share_if_on end as share_if_on
    from known_flags
    left join first_found on known_flags.flag_id = first_found.flag_id and first_found.place = 1
    left join first_shares on known_flags.flag_id = first_shares.flag_id and first_shares.place = 1
    left join readings on known_flags.flag_id = readings.flag_id and readings.newest_rank = 1
),

logged as (
    select
        entries.flag_id,
        entries.flag_key,
        entries.entry_id,
        entries.changed_at,
        case
            when entries.on_number > 0
                then first_value(entries.is_on_after) over (
                    partition by entries.flag_id, entries.on_number
                    order by entries.changed_at asc, entries.entry_id asc
                )
            else beginnings.is_on
        end as is_on,
        case
            when entries.share_number > 0
                then first_value(entries.share_after) over (
                    partition by entries.flag_id, entries.share_number
                    order by entries.changed_at asc, entries.entry_id asc
                )
            else beginnings.share_if_on
        end as share_if_on
    from entries
    inner join beginnings on entries.flag_id = beginnings.flag_id
),

first_entries as (
    select
        flag_id,
        min(changed_at) as changed_at
    from entries
    group by flag_id
),

told as (
    select
        flag_id,
        flag_key,
        is_on,
        share_if_on,
        true as is_of_history,
        changed_at
    from logged
    union all
    select
        flags.flag_id,
        flags.flag_key,
        beginnings.is_on,
        beginnings.share_if_on,
        false as is_of_history,
        flags.created_at as changed_at
    from {{ ref('stg_posthog__flags') }} as flags
    inner join beginnings on flags.flag_id = beginnings.flag_id
    inner join first_entries
        on
            flags.flag_id = first_entries.flag_id
            and flags.created_at < first_entries.changed_at
    union all
    select
        flag_id,
        flag_key,
        is_on,
        share_if_on,
        false as is_of_history,
        known_at as changed_at
    from readings
    where known_at < {{ as_of_at() }}
),

shared as (
    select
        flag_id,
        flag_key,
        '(all)' as environment,
        is_on,
        case when is_on then share_if_on else 0.0 end as rollout_share,
        is_of_history,
        changed_at
    from told
    where is_on is not null
),

changes as (
    {{ flag_changes_of('shared') }}
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
