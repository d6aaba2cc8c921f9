-- Grain: one row an entry of the audit log before as_of, an environment of a flag that it changed, and before or after it: who had
-- the flag then.
-- Who changed it stays behind.
with entries as (
    {{ stage_as_of(raw('launchdarkly', 'audit_log'), [
        ('date', 'changed_original', 'text'),
        ('accesses', 'accesses', 'json'),
        ('currentVersion.environments', 'environments', 'json'),
        ('previousVersion.environments', 'environments_before', 'json'),
    ]) }}
),

resources as (
    {{ json_object_rows('entries', ['record_id', 'changed_original', 'environments', 'environments_before'], 'accesses') }}
),

named as (
    select
        record_id,
        environments,
        environments_before,
        {{ from_epoch('changed_original') }} as changed_at,
        {{ json_property('item', "'resource'") }} as resource_name
    from resources
),

changed as (
    select distinct
        record_id,
        environments,
        environments_before,
        changed_at,
        {{ text_part(text_part('resource_name', "'proj/'", 2), "':'", 1) }} as project_key,
        {{ text_part(text_part('resource_name', "':env/'", 2), "':'", 1) }} as environment,
        {{ text_part(text_part(text_part('resource_name', "':flag/'", 2), "':'", 1), "';'", 1) }} as flag_key
    from named
),

sides as (
    select
        *,
        false as is_before,
        environments as environments_then
    from changed
    union all
    select
        *,
        true as is_before,
        environments_before as environments_then
    from changed
    where environments_before is not null
),

keyed as (
    select
        record_id as entry_id,
        {{ qualified("project_key || ':' || flag_key") }} as flag_id,
        flag_key,
        environment,
        is_before,
        changed_at,
        {{ json_member('environments_then', 'environment') }} as member,
        record_id || ' ' || project_key || ' ' || environment || ' ' || flag_key
        || case when is_before then ' before' else ' after' end as state_id
    from sides
    where
        environment <> '*'
        and flag_key <> ''
        and changed_at < {{ as_of_at() }}
)

{{ launchdarkly_states('keyed', ['state_id', 'entry_id', 'flag_id', 'flag_key', 'environment', 'is_before', 'changed_at']) }}
