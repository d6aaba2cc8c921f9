-- Grain: one row an experiment, a person and a variant that they were shown, with the first time; of any analytics tool, by the
-- events that say so: those of the tools' own (macros/experiments.sql) and those that an entry of the registry names. What is no
-- variant of the experiment is not counted, nor what was shown before it began or after it ended.
with declared_events as (
    select
        experiment_id,
        {{ json_property('exposure', "'event'") }} as event_type,
        {{ json_property('exposure', "'experiment_property'") }} as experiment_property,
        {{ json_property('exposure', "'variant_property'") }} as variant_property,
        {{ json_property('exposure', "'experiment'") }} as experiment_value
    from {{ ref('int_learning__declared_experiments') }}
    where exposure <> '{}'
),

exposure_events as (
    {% for event_type, experiment_property, variant_property in exposure_events() -%}
    select
        {{ text_literal(event_type) }} as event_type,
        {{ text_literal(experiment_property) }} as experiment_property,
        {{ text_literal(variant_property) }} as variant_property
    union distinct
    {% endfor -%}
    select
        event_type,
        experiment_property,
        variant_property
    from declared_events
),

names as (
    select experiment_id, experiment_key as experiment_value from {{ ref('int_learning__experiments') }}
    union distinct
    select experiment_id, flag_key as experiment_value from {{ ref('int_learning__experiments') }} where flag_key is not null
    union distinct
    select matches.experiment_id, tools.experiment_key as experiment_value
    from {{ ref('int_learning__tool_experiments') }} as tools
    inner join {{ ref('int_learning__tool_matches') }} as matches
        on tools.experiment_id = matches.tool_experiment_id
    union distinct
    select experiment_id, experiment_value from declared_events where experiment_value is not null
),

told as (
    select
        {{ json_property('events.event_properties', 'exposure_events.experiment_property') }} as experiment_value,
        {{ json_property('events.event_properties', 'exposure_events.variant_property') }} as variant_key,
        events.user_hash,
        events.device_hash,
        events.occurred_at
    from {{ ref('int_usage__events') }} as events
    inner join exposure_events
        on events.event_type = exposure_events.event_type
    where
        events.quarantine_reason is null
        and not events.is_zero_user
        and events.event_date < {{ as_of_date() }}
),

shown as (
    select
        experiments.experiment_id,
        variants.variant_key,
        told.user_hash,
        case when told.user_hash is null then told.device_hash end as anonymous_device_hash,
        told.occurred_at
    from told
    inner join names
        on told.experiment_value = names.experiment_value
    inner join {{ ref('int_learning__experiments') }} as experiments
        on
            names.experiment_id = experiments.experiment_id
            and told.occurred_at >= experiments.started_at
            and told.occurred_at < experiments.reads_until
    inner join {{ ref('int_learning__experiment_variants') }} as variants
        on
            experiments.experiment_id = variants.experiment_id
            and told.variant_key = variants.variant_key
),

owners as (
    select
        shown.experiment_id,
        shown.variant_key,
        case when coalesce(shown.user_hash, logins.user_hash) is null then 'device' else 'user' end as owner_type,
        coalesce(shown.user_hash, logins.user_hash, shown.anonymous_device_hash) as owner_key,
        shown.occurred_at
    from shown
    left join {{ ref('int_identity__device_logins') }} as logins
        on
            shown.anonymous_device_hash = logins.device_hash
            and shown.occurred_at >= logins.valid_from
            and shown.occurred_at < logins.valid_to
)

select
    owners.experiment_id,
    keys.person_id,
    owners.variant_key,
    min(owners.occurred_at) as exposed_at
from owners
inner join {{ ref('int_identity__person_keys') }} as keys
    on
        keys.source = 'app'
        and owners.owner_type = keys.identity_type
        and owners.owner_key = keys.identity_key
inner join {{ ref('int_identity__persons') }} as persons
    on keys.person_id = persons.person_id and not persons.is_excluded
group by owners.experiment_id, keys.person_id, owners.variant_key
