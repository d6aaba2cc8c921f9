-- Grain: one row a version of a flag that was ever read, and an environment: who had the flag there then.
with versions as (
    {{ stage_versions(raw('launchdarkly', 'flags'), [
        ('key', 'flag_key', 'text'),
        ('environments', 'environments', 'json'),
    ]) }}
),

numbered as (
    select
        record_id,
        flag_key,
        environments,
        row_number() over (order by record_id asc, extracted_at asc, environments asc) as version_number
    from versions
    where not is_deleted
),

environment_rows as (
    {{ json_member_rows('numbered', ['record_id', 'flag_key', 'version_number'], 'environments') }}
),

keyed as (
    select
        record_id as flag_id,
        flag_key,
        version_number,
        name as environment,
        member,
        cast(version_number as {{ dbt.type_string() }}) || ' ' || name as state_id
    from environment_rows
)

{{ launchdarkly_states('keyed', ['state_id', 'flag_id', 'flag_key', 'environment']) }}
