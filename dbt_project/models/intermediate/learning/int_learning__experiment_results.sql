-- Grain: one row an experiment, a tool's experiment that it is, a metric and a variant: what the tool itself made of it.
select
    matches.experiment_id,
    results.experiment_id as tool_experiment_id,
    results.metric_name,
    results.variant_key,
    results.exposed_count,
    results.effect,
    results.effect_low,
    results.effect_high,
    results.p_value,
    results.chance_to_win,
    results.srm_p_value,
    results.computed_at,
    results.data_from,
    results.data_until,
    results.is_of_part,
    results.is_adjusted,
    results.is_sequential,
    results.is_primary
from {{ ref('int_learning__tool_results') }} as results
inner join {{ ref('int_learning__tool_matches') }} as matches
    on results.experiment_id = matches.tool_experiment_id
where results.computed_at < {{ as_of_at() }} or results.computed_at is null
