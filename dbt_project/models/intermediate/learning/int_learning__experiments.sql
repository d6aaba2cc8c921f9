-- Grain: one row an experiment: those that the registry declares, and those of the tools that no entry declares, which nobody
-- expected anything of. It is read from `started_at` until before `reads_until`: the end that was planned, or an earlier one;
-- people who come later are not in it, so a result does not move any more.
with declared as (
    select
        declared.*,
        coalesce(former_products.member_id, declared.product_id) as product_of_now
    from {{ ref('int_learning__declared_experiments') }} as declared
    left join {{ ref('stg_registry__former_ids') }} as former_products
        on
            former_products.dimension = 'product_id'
            and declared.product_id = former_products.former_id
),

experiments as (
    select
        experiment_id,
        'registry' as source,
        coalesce(flag_key, experiment_id) as experiment_key,
        experiment_name,
        flag_key,
        hypothesis,
        owner,
        product_of_now as product_id,
        stop_reason,
        cast(null as {{ dbt.type_string() }}) as url,
        planned_sample,
        true as is_declared,
        is_defined_before,
        is_edited_after,
        {{ reporting_midnight('started_on') }} as started_at,
        {{ reporting_midnight(add_days('planned_end_on', 1)) }} as planned_end_at,
        {{ reporting_midnight(add_days('stopped_on', 1)) }} as ended_at,
        defined_at,
        edited_at
    from declared
    union all
    select
        tools.experiment_id,
        tools.source,
        tools.experiment_key,
        tools.experiment_name,
        tools.flag_key,
        tools.hypothesis,
        tools.owner,
        cast(null as {{ dbt.type_string() }}) as product_id,
        tools.stop_reason,
        tools.url,
        tools.planned_sample,
        false as is_declared,
        false as is_defined_before,
        false as is_edited_after,
        tools.started_at,
        tools.planned_end_at,
        tools.ended_at,
        cast(null as timestamp) as defined_at,
        cast(null as timestamp) as edited_at
    from {{ ref('int_learning__tool_experiments') }} as tools
    inner join {{ ref('int_learning__tool_matches') }} as matches
        on
            tools.experiment_id = matches.tool_experiment_id
            and not matches.is_declared
)

select
    experiment_id,
    source,
    experiment_key,
    experiment_name,
    flag_key,
    hypothesis,
    owner,
    coalesce(product_id, '(unknown)') as product_id,
    case
        when started_at is null or started_at >= {{ as_of_at() }} then 'draft'
        when ended_at <= {{ as_of_at() }} or planned_end_at <= {{ as_of_at() }} then 'stopped'
        else 'running'
    end as state,
    case when ended_at <= {{ as_of_at() }} then stop_reason end as stop_reason,
    url,
    planned_sample,
    is_declared,
    is_defined_before,
    is_edited_after,
    coalesce(ended_at <= {{ as_of_at() }} and ended_at < planned_end_at, false) as is_stopped_early,
    started_at,
    planned_end_at,
    case when ended_at <= {{ as_of_at() }} then ended_at end as ended_at,
    {{ least() }}(coalesce(planned_end_at, ended_at, {{ as_of_at() }}), coalesce(ended_at, planned_end_at, {{ as_of_at() }}), {{ as_of_at() }})
        as reads_until,
    defined_at,
    edited_at
from experiments
