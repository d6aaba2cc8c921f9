-- Grain: one row an entry of the log of flags before as_of, with what it changed of who has the flag: whether it is on, and how many
-- have it if it is. Who changed it, and whom it is for, stay behind.
with entries as (
    {{ stage_as_of(raw('posthog', 'flag_activity'), [
        ('item_id', 'flag_id', 'id'),
        ('scope', 'scope', 'text'),
        ('activity', 'activity', 'text'),
        ('detail.name', 'flag_key', 'text'),
        ('detail.changes', 'changes', 'json'),
        ('created_at', 'changed_at', 'timestamp'),
    ]) }}
),

change_rows as (
    {{ json_object_rows('entries', ['record_id'], 'changes') }}
),

changes as (
    select
        record_id,
        {{ json_property('item', "'field'") }} as field,
        {{ json_member('item', "'before'") }} as before,
        {{ json_member('item', "'after'") }} as after
    from change_rows
),

switched as (
    select
        record_id,
        max(case when field = 'active' then before end) as on_before,
        max(case when field = 'active' then after end) as on_after,
        max(case when field = 'deleted' then after end) as deleted_after
    from changes
    group by record_id
),

sides as (
    select record_id || ' before' as state_id, record_id, before as filters from changes where field = 'filters'
    union all
    select record_id || ' after' as state_id, record_id, after as filters from changes where field = 'filters'
),

shares as (
    {{ posthog_shares('sides', ['state_id', 'record_id']) }}
),

shared as (
    select
        record_id,
        max(case when state_id = record_id || ' before' then rollout_share end) as share_before,
        max(case when state_id = record_id || ' after' then rollout_share end) as share_after
    from shares
    group by record_id
)

select
    entries.record_id as entry_id,
    entries.flag_id,
    entries.flag_key,
    entries.activity,
    {{ try_cast('switched.on_before', 'boolean') }} as is_on_before,
    case
        when entries.activity = 'deleted' or switched.deleted_after = 'true' then false
        else {{ try_cast('switched.on_after', 'boolean') }}
    end as is_on_after,
    shared.record_id is not null as is_share_changed,
    shared.share_before,
    shared.share_after,
    entries.changed_at
from entries
left join switched on entries.record_id = switched.record_id
left join shared on entries.record_id = shared.record_id
where
    coalesce(entries.scope, 'FeatureFlag') = 'FeatureFlag'
    and entries.flag_id is not null
    and entries.changed_at < {{ as_of_at() }}
