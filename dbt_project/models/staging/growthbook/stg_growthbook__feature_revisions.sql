-- Grain: one row a revision of a feature that was published before as_of, and an environment: who had the feature from then on. Who
-- published it stays behind.
with revisions as (
    {{ stage_as_of(raw('growthbook', 'feature_revisions'), [
        ('featureId', 'feature_key', 'text'),
        ('version', 'version', 'integer'),
        ('status', 'status', 'text'),
        ('defaultValue', 'default_value', 'text'),
        ('rules', 'rules', 'json'),
        ('environmentsEnabled', 'environments', 'json'),
        ('date', 'changed_at', 'timestamp'),
    ], 'changed_at') }}
),

published as (
    select
        record_id as state_id,
        {{ qualified('feature_key') }} as feature_flag_id,
        feature_key,
        version,
        default_value,
        rules,
        environments,
        changed_at
    from revisions
    where
        not is_deleted
        and status = 'published'
        and changed_at < {{ as_of_at() }}
)

{{ growthbook_states('published', ['state_id', 'feature_flag_id', 'feature_key', 'version', 'changed_at'], none) }}
