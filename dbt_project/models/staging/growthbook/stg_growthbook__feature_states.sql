-- Grain: one row a version of a feature that was ever read, and an environment: who had the feature there then.
with versions as (
    {{ stage_records(raw('growthbook', 'features'), [
        ('id', 'feature_key', 'text'),
        ('defaultValue', 'default_value', 'text'),
        ('rules', 'rules', 'json'),
        ('environments', 'environments', 'json'),
        ('dateUpdated', 'modified_at', 'timestamp'),
    ], ['record_hash']) }}
),

live as (
    select
        record_id as feature_flag_id,
        feature_key,
        default_value,
        rules,
        environments,
        modified_at,
        record_id || ' ' || record_version || ' ' || record_hash as state_id
    from versions
    where not is_deleted
)

{{ growthbook_states('live', ['state_id', 'feature_flag_id', 'feature_key', 'modified_at'], 'enabled') }}
