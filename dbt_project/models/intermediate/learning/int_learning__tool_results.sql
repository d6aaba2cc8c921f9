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
    results.computed_at
from {{ ref('stg_growthbook__results') }} as results
inner join {{ ref('stg_growthbook__variations') }} as variations
    on
        results.experiment_id = variations.experiment_id
        and results.variation_id = variations.variation_id
where not variations.is_control
