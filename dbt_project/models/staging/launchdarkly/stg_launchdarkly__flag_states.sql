-- Grain: one row a version of a flag that was ever read, and an environment: who had the flag there then.
with versions as (
    {{ stage_records(raw('launchdarkly', 'flags'), [
        ('key', 'flag_key', 'text'),
        ('environments', 'environments', 'json'),
    ], ['record_hash']) }}
),

live as (
    select
        record_id,
        flag_key,
        environments,
        record_id || ' ' || record_version || ' ' || record_hash as version_id
    from versions
    where not is_deleted
),

environment_rows as (
    {{ json_member_rows('live', ['record_id', 'flag_key', 'version_id'], 'environments') }}
),

keyed as (
    select
        record_id as flag_id,
        flag_key,
        name as environment,
        member,
        version_id || ' ' || name as state_id
    from environment_rows
)

{{ launchdarkly_states('keyed', ['state_id', 'flag_id', 'flag_key', 'environment']) }}
