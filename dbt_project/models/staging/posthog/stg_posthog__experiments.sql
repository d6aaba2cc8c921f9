-- Grain: one row an experiment that was created before as_of and is not deleted. Who made it stays behind.
with experiments as (
    {{ stage_as_of(raw('posthog', 'experiments'), [
        ('name', 'experiment_name', 'text'),
        ('description', 'hypothesis', 'text'),
        ('feature_flag_key', 'flag_key', 'text'),
        ('archived', 'is_archived', 'boolean'),
        ('deleted', 'is_put_away', 'boolean'),
        ('parameters.feature_flag_variants', 'planned_variants', 'json'),
        ('parameters.recommended_sample_size', 'planned_sample', 'integer'),
        ('feature_flag.filters.multivariate.variants', 'flag_variants', 'json'),
        ('metrics', 'metrics', 'json'),
        ('conclusion', 'outcome', 'text'),
        ('conclusion_comment', 'conclusions', 'text'),
        ('start_date', 'starts_at', 'timestamp'),
        ('end_date', 'ends_at', 'timestamp'),
        ('created_at', 'created_at', 'timestamp'),
        ('updated_at', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as experiment_id,
    experiment_name,
    hypothesis,
    flag_key,
    case
        when starts_at is null then 'draft'
        when is_archived or ends_at is not null then 'stopped'
        else 'running'
    end as state,
    outcome,
    conclusions,
    coalesce(nullif(planned_variants, '[]'), flag_variants) as variants,
    planned_sample,
    {{ json_first_item_property('metrics', 'name') }} as primary_metric,
    created_at,
    {{ if_before_as_of('starts_at') }} as started_at,
    {{ if_before_as_of('ends_at') }} as ended_at
from experiments
where
    not is_deleted
    and coalesce(not is_put_away, true)
    and coalesce(created_at < {{ as_of_at() }}, true)
