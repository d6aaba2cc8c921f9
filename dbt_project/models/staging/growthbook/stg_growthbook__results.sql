-- Grain: one row an experiment, a metric and a variant, of the last phase, over all people, as the tool reckoned it last before as_of.
with results as (
    {{ stage_as_of(raw('growthbook', 'results'), [
        ('experimentId', 'experiment_id', 'id'),
        ('phase', 'phase', 'integer'),
        ('results', 'results', 'json'),
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

of_all as (
    select
        experiment_id,
        computed_at,
        results
    from last_results
    where place = 1
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
    experiment_id,
    {{ qualified('metric_id', 'experiment_id') }} as metric_id,
    metric_name,
    variation_id,
    cast(user_count as bigint) as user_count,
    {{ try_cast(struct_field('parsed', ['percentChange']), 'double') }} as effect,
    {{ try_cast(struct_field('parsed', ['ciLow']), 'double') }} as effect_low,
    {{ try_cast(struct_field('parsed', ['ciHigh']), 'double') }} as effect_high,
    {{ try_cast(struct_field('parsed', ['pValue']), 'double') }} as p_value,
    {{ try_cast(struct_field('parsed', ['chanceToBeatControl']), 'double') }} as chance_to_win,
    srm_p_value,
    computed_at
from analyses
where
    place = 1
    and experiment_id is not null
    and metric_name is not null
    and variation_id is not null
