-- Grain: one row an experiment, a metric and a variant, of the last phase, over all people, as the tool reckoned it last before as_of.
with results as (
    {{ stage_as_of(raw('growthbook', 'results'), [
        ('experimentId', 'experiment_id', 'id'),
        ('phase', 'phase', 'integer'),
        ('results', 'results', 'json'),
        ('settings', 'settings', 'json'),
        ('dateStart', 'data_from', 'timestamp'),
        ('dateEnd', 'data_until', 'timestamp'),
        ('dateUpdated', 'computed_at', 'timestamp'),
    ], 'computed_at') }}
),

last_results as (
    select
        *,
        row_number() over (
            partition by experiment_id
            order by phase desc nulls last, record_id desc
        ) as place
    from results
    where not is_deleted
),

parsed_settings as (
    select
        *,
        {{ parse_json('settings', {
            'segmentId': text_type(),
            'queryFilter': text_type(),
            'inProgressConversions': text_type(),
            'activationMetric': {'metricId': text_type()},
            'regressionAdjustmentEnabled': text_type(),
            'postStratificationEnabled': text_type(),
            'sequentialTestingEnabled': text_type(),
        }) }} as parsed
    from last_results
    where place = 1
),

of_all as (
    select
        experiment_id,
        computed_at,
        results,
        data_from,
        data_until,
        settings is not null as has_settings,
        coalesce({{ struct_field('parsed', ['segmentId']) }}, '') <> ''
        or coalesce({{ struct_field('parsed', ['queryFilter']) }}, '') <> ''
        or coalesce({{ struct_field('parsed', ['activationMetric', 'metricId']) }}, '') <> ''
        or coalesce({{ struct_field('parsed', ['inProgressConversions']) }}, '') = 'exclude' as is_of_part,
        coalesce({{ struct_field('parsed', ['regressionAdjustmentEnabled']) }}, '') = 'true'
        or coalesce({{ struct_field('parsed', ['postStratificationEnabled']) }}, '') = 'true' as is_adjusted,
        coalesce({{ struct_field('parsed', ['sequentialTestingEnabled']) }}, '') = 'true' as is_sequential
    from parsed_settings
),

dimension_rows as (
    {{ json_object_rows('of_all', ['experiment_id', 'computed_at'], 'results') }}
),

everybody as (
    select
        experiment_id,
        computed_at,
        {{ parse_json('item', {'checks': {'srm': text_type()}, 'metrics': json_type()}) }} as parsed
    from dimension_rows
    where coalesce({{ json_property('item', "'dimension'") }}, '') in ('', 'All')
),

metric_lists as (
    select
        experiment_id,
        computed_at,
        {{ try_cast(struct_field('parsed', ['checks', 'srm']), 'double') }} as srm_p_value,
        cast({{ struct_field('parsed', ['metrics']) }} as {{ dbt.type_string() }}) as metrics
    from everybody
),

metric_rows as (
    {{ json_object_rows('metric_lists', ['experiment_id', 'computed_at', 'srm_p_value'], 'metrics') }}
),

variation_lists as (
    select
        experiment_id,
        computed_at,
        srm_p_value,
        {{ json_property('item', "'metricId'") }} as metric_id,
        coalesce({{ json_property('item', "'metricName'") }}, {{ json_property('item', "'metricId'") }}) as metric_name,
        {{ json_property('item', "'variations'") }} as variations
    from metric_rows
),

variation_rows as (
    {{ json_object_rows('variation_lists', ['experiment_id', 'computed_at', 'srm_p_value', 'metric_id', 'metric_name'], 'variations') }}
),

analysis_lists as (
    select
        experiment_id,
        computed_at,
        srm_p_value,
        metric_id,
        metric_name,
        {{ json_property('item', "'variationId'") }} as variation_id,
        {{ try_cast(json_property('item', "'users'"), 'double') }} as user_count,
        {{ json_property('item', "'analyses'") }} as analyses
    from variation_rows
),

analysis_rows as (
    {{ json_object_rows(
        'analysis_lists',
        ['experiment_id', 'computed_at', 'srm_p_value', 'metric_id', 'metric_name', 'variation_id', 'user_count'],
        'analyses'
    ) }}
),

analyses as (
    select
        experiment_id,
        metric_id,
        metric_name,
        variation_id,
        user_count,
        srm_p_value,
        computed_at,
        {{ parse_json('item', {
            'percentChange': text_type(),
            'ciLow': text_type(),
            'ciHigh': text_type(),
            'pValue': text_type(),
            'chanceToBeatControl': text_type(),
        }) }} as parsed,
        row_number() over (
            partition by experiment_id, metric_name, variation_id
            order by item_number asc, metric_id asc
        ) as place
    from analysis_rows
)

select
    analyses.experiment_id,
    {{ qualified('analyses.metric_id', 'analyses.experiment_id') }} as metric_id,
    analyses.metric_name,
    analyses.variation_id,
    cast(analyses.user_count as bigint) as user_count,
    {{ try_cast(struct_field('analyses.parsed', ['percentChange']), 'double') }} as effect,
    {{ try_cast(struct_field('analyses.parsed', ['ciLow']), 'double') }} as effect_low,
    {{ try_cast(struct_field('analyses.parsed', ['ciHigh']), 'double') }} as effect_high,
    {{ try_cast(struct_field('analyses.parsed', ['pValue']), 'double') }} as p_value,
    {{ try_cast(struct_field('analyses.parsed', ['chanceToBeatControl']), 'double') }} as chance_to_win,
    analyses.srm_p_value,
    analyses.computed_at,
    of_all.data_from,
    of_all.data_until,
    case when of_all.has_settings then of_all.is_of_part end as is_of_part,
    case when of_all.has_settings then of_all.is_adjusted end as is_adjusted,
    case when of_all.has_settings then of_all.is_sequential end as is_sequential
from analyses
left join of_all
    on analyses.experiment_id = of_all.experiment_id
where
    analyses.place = 1
    and analyses.experiment_id is not null
    and analyses.metric_name is not null
    and analyses.variation_id is not null
