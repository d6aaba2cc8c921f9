-- Grain: one row a tool's experiment, a metric of it and a variant beside the control, as the tool published it last.
select
    'growthbook:' || results.experiment_id as experiment_id,
    results.metric_name,
    variations.variant_key,
    results.user_count as exposed_count,
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
    coalesce(results.metric_id = experiments.goal_metric_id, false) as is_primary
from {{ ref('stg_growthbook__results') }} as results
inner join {{ ref('stg_growthbook__variations') }} as variations
    on
        results.experiment_id = variations.experiment_id
        and results.variation_id = variations.variation_id
left join {{ ref('stg_growthbook__experiments') }} as experiments
    on results.experiment_id = experiments.experiment_id
where not variations.is_control
