-- Grain: one row an experiment that was created before as_of. Its dates are those of its last phase: a new phase splits people anew.
-- Who owns it stays behind.
with experiments as (
    {{ stage_as_of(raw('growthbook', 'experiments'), [
        ('trackingKey', 'tracking_key', 'text'),
        ('name', 'experiment_name', 'text'),
        ('hypothesis', 'hypothesis', 'text'),
        ('status', 'status', 'text'),
        ('archived', 'is_archived', 'boolean'),
        ('variations', 'variations', 'json'),
        ('phases', 'phases', 'json'),
        ('linkedFeatures', 'linked_features', 'json'),
        ('settings.goals', 'goals', 'json'),
        ('resultSummary.status', 'outcome', 'text'),
        ('resultSummary.conclusions', 'conclusions', 'text'),
        ('dateCreated', 'created_at', 'timestamp'),
        ('dateUpdated', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
),

phase_rows as (
    {{ json_object_rows('experiments', ['record_id'], 'phases') }}
),

last_phases as (
    select
        record_id,
        {{ parse_json('item', {
            'dateStarted': text_type(),
            'dateEnded': text_type(),
            'reasonForStopping': text_type(),
            'trafficSplit': json_type(),
        }) }} as parsed,
        row_number() over (
            partition by record_id
            order by item_number desc
        ) as place
    from phase_rows
)

select
    experiments.record_id as experiment_id,
    experiments.tracking_key,
    experiments.experiment_name,
    experiments.hypothesis,
    case when experiments.is_archived then 'stopped' else experiments.status end as state,
    nullif({{ struct_field('last_phases.parsed', ['reasonForStopping']) }}, '') as stop_reason,
    experiments.outcome,
    experiments.conclusions,
    experiments.variations,
    cast({{ struct_field('last_phases.parsed', ['trafficSplit']) }} as {{ dbt.type_string() }}) as traffic_split,
    {{ json_first_item('experiments.linked_features') }} as linked_feature,
    {{ qualified(json_first_item_property('experiments.goals', 'metricId'), 'experiments.record_id') }} as goal_metric_id,
    experiments.created_at,
    {{ if_before_as_of(parse_timestamp(struct_field('last_phases.parsed', ['dateStarted']))) }} as started_at,
    {{ if_before_as_of(parse_timestamp(struct_field('last_phases.parsed', ['dateEnded']))) }} as ended_at
from experiments
left join last_phases
    on
        experiments.record_id = last_phases.record_id
        and last_phases.place = 1
where
    not experiments.is_deleted
    and coalesce(experiments.created_at < {{ as_of_at() }}, true)
