-- Grain: one row a version of a flag that was ever read: who had it then. A flag says of no change when it was made: what was never
-- changed has been so since it was created, all else since it was read.
with versions as (
    {{ stage_records(raw('posthog', 'feature_flags'), [
        ('key', 'flag_key', 'text'),
        ('active', 'is_on', 'boolean'),
        ('filters', 'filters', 'json'),
        ('version', 'version', 'integer'),
        ('created_at', 'created_at', 'timestamp'),
    ], ['record_hash']) }}
),

keyed as (
    select
        record_id as flag_id,
        flag_key,
        is_on,
        filters,
        case when version <= 1 then coalesce(created_at, extracted_at) else extracted_at end as known_at,
        record_id || ' ' || coalesce(record_version, '') || ' ' || record_hash as state_id
    from versions
    where not is_deleted
),

shared as (
    {{ posthog_shares('keyed', ['state_id', 'flag_id', 'flag_key', 'is_on', 'known_at']) }}
)

select
    state_id,
    flag_id,
    flag_key,
    is_on,
    case when not is_on then 0.0 else rollout_share end as rollout_share,
    rollout_share as share_if_on,
    known_at
from shared
