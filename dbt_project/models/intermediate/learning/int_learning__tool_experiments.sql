-- Grain: one row an experiment of a tool, as it says now; of LaunchDarkly one an iteration, which splits people anew.
with iterations as (
    select
        experiment_id,
        iteration_id,
        experiment_key,
        experiment_name,
        hypothesis,
        state,
        stop_reason,
        primary_metric,
        flags,
        is_current,
        started_at,
        ended_at
    from {{ ref('stg_launchdarkly__experiment_iterations') }}
),

flag_rows as (
    {{ json_member_rows('iterations', ['experiment_id', 'iteration_id'], 'flags') }}
),

flags as (
    select
        experiment_id,
        iteration_id,
        min(name) as flag_key
    from flag_rows
    group by experiment_id, iteration_id
)

select
    'growthbook:' || experiment_id as experiment_id,
    'growthbook' as source,
    coalesce(tracking_key, experiment_id) as experiment_key,
    coalesce(experiment_name, tracking_key, experiment_id) as experiment_name,
    linked_feature as flag_key,
    nullif(hypothesis, '') as hypothesis,
    coalesce(state, 'draft') as state,
    stop_reason,
    cast(null as {{ dbt.type_string() }}) as owner,
    cast(null as {{ dbt.type_string() }}) as url,
    goal_metric_id as primary_metric,
    cast(null as bigint) as planned_sample,
    started_at,
    cast(null as timestamp) as planned_end_at,
    ended_at
from {{ ref('stg_growthbook__experiments') }}
union all
select
    'posthog:' || experiment_id as experiment_id,
    'posthog' as source,
    coalesce(flag_key, experiment_id) as experiment_key,
    coalesce(experiment_name, flag_key, experiment_id) as experiment_name,
    flag_key,
    nullif(hypothesis, '') as hypothesis,
    state,
    nullif(conclusions, '') as stop_reason,
    cast(null as {{ dbt.type_string() }}) as owner,
    cast(null as {{ dbt.type_string() }}) as url,
    primary_metric,
    planned_sample,
    started_at,
    cast(null as timestamp) as planned_end_at,
    ended_at
from {{ ref('stg_posthog__experiments') }}
union all
select
    'launchdarkly:' || iterations.experiment_id || ':' || iterations.iteration_id as experiment_id,
    'launchdarkly' as source,
    coalesce(flags.flag_key, iterations.experiment_key, iterations.experiment_id) as experiment_key,
    coalesce(iterations.experiment_name, iterations.experiment_key, iterations.experiment_id) as experiment_name,
    flags.flag_key,
    nullif(iterations.hypothesis, '') as hypothesis,
    coalesce(iterations.state, 'draft') as state,
    nullif(iterations.stop_reason, '') as stop_reason,
    cast(null as {{ dbt.type_string() }}) as owner,
    cast(null as {{ dbt.type_string() }}) as url,
    iterations.primary_metric,
    cast(null as bigint) as planned_sample,
    iterations.started_at,
    cast(null as timestamp) as planned_end_at,
    iterations.ended_at
from iterations
left join flags
    on
        iterations.experiment_id = flags.experiment_id
        and iterations.iteration_id = flags.iteration_id
