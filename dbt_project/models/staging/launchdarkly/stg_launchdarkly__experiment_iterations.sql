-- Grain: one row an experiment and an iteration of it, the current one and those before. Who maintains it stays behind.
with experiments as (
    {{ stage_as_of(raw('launchdarkly', 'experiments'), [
        ('project_key', 'project_key', 'text'),
        ('environmentKey', 'environment', 'text'),
        ('key', 'experiment_key', 'text'),
        ('name', 'experiment_name', 'text'),
        ('archivedDate', 'archived_original', 'text'),
        ('currentIteration', 'current_iteration', 'json'),
        ('draftIteration', 'draft_iteration', 'json'),
        ('previousIterations', 'previous_iterations', 'json'),
    ]) }}
),

listed as (
    select
        *,
        '[' || case
            when current_iteration like '{{ '{' }}%' then current_iteration
            when draft_iteration like '{{ '{' }}%' then draft_iteration
            else '{}'
        end || ']' as current_iterations
    from experiments
    where not is_deleted
),

current_rows as (
    {{ json_object_rows('listed', ['record_id', 'environment', 'experiment_key', 'experiment_name', 'archived_original'], 'current_iterations') }}
),

previous_rows as (
    {{ json_object_rows('listed', ['record_id', 'environment', 'experiment_key', 'experiment_name', 'archived_original'], 'previous_iterations') }}
),

parsed_rows as (
    select
        rows_of_both.*,
        {{ parse_json('item', {
            '_id': text_type(),
            'hypothesis': text_type(),
            'status': text_type(),
            'startedAt': text_type(),
            'endedAt': text_type(),
            'winningReason': text_type(),
            'flags': json_type(),
            'treatments': json_type(),
            'primaryMetric': {'key': text_type()},
            'primarySingleMetric': {'key': text_type()},
        }) }} as parsed
    from (
        select
            *,
            true as is_current
        from current_rows
        union all
        select
            *,
            false as is_current
        from previous_rows
    ) as rows_of_both
)

select
    record_id as experiment_id,
    coalesce({{ struct_field('parsed', ['_id']) }}, 'none') as iteration_id,
    environment,
    experiment_key,
    experiment_name,
    is_current,
    {{ struct_field('parsed', ['hypothesis']) }} as hypothesis,
    case
        when {{ struct_field('parsed', ['status']) }} = 'not_started' then 'draft'
        when archived_original <> '' then 'stopped'
        else {{ struct_field('parsed', ['status']) }}
    end as state,
    {{ struct_field('parsed', ['winningReason']) }} as stop_reason,
    coalesce(
        {{ struct_field('parsed', ['primaryMetric', 'key']) }}, {{ struct_field('parsed', ['primarySingleMetric', 'key']) }}
    ) as primary_metric,
    cast({{ struct_field('parsed', ['flags']) }} as {{ dbt.type_string() }}) as flags,
    cast({{ struct_field('parsed', ['treatments']) }} as {{ dbt.type_string() }}) as treatments,
    {{ if_before_as_of(from_epoch(struct_field('parsed', ['startedAt']))) }} as started_at,
    {{ if_before_as_of(from_epoch(struct_field('parsed', ['endedAt']))) }} as ended_at
from parsed_rows
