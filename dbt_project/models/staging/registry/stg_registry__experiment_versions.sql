with versions as (
    {{ stage_records(source('registry', 'experiments'), [
        ('id', 'experiment_id', 'text'),
        ('name', 'experiment_name', 'text'),
        ('flag', 'flag_key', 'text'),
        ('hypothesis', 'hypothesis', 'text'),
        ('owner', 'owner', 'text'),
        ('product', 'product_id', 'text'),
        ('stop_reason', 'stop_reason', 'text'),
        ('variants', 'variants', 'json'),
        ('primary', 'primary_effect', 'json'),
        ('further', 'further_effects', 'json'),
        ('guardrails', 'guardrails', 'json'),
        ('exposure', 'exposure', 'json'),
        ('planned_sample', 'planned_sample', 'integer'),
        ('started_on', 'started_on', 'date'),
        ('planned_end_on', 'planned_end_on', 'date'),
        ('stopped_on', 'stopped_on', 'date'),
    ], ['load_id', 'record_hash']) }}
)

select
    experiment_id,
    experiment_name,
    flag_key,
    hypothesis,
    owner,
    product_id,
    stop_reason,
    variants,
    primary_effect,
    coalesce(further_effects, '[]') as further_effects,
    coalesce(guardrails, '[]') as guardrails,
    coalesce(exposure, '{}') as exposure,
    cast(started_on as {{ dbt.type_string() }}) || cast(planned_end_on as {{ dbt.type_string() }}) || hypothesis || variants
    || primary_effect || coalesce(further_effects, '[]') || coalesce(guardrails, '[]') as promise,
    row_number() over (
        partition by experiment_id
        order by extracted_at asc, load_id asc, record_hash asc
    ) as version_number,
    planned_sample,
    is_deleted,
    started_on,
    planned_end_on,
    stopped_on,
    extracted_at
from versions
