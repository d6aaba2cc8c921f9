-- Grain: one row a funnel of the registry and step.
select
    funnels.funnel_id,
    funnels.funnel_name,
    funnels.product_id,
    funnels.window_days,
    funnels.window_hours,
    steps.step_number,
    steps.step,
    steps.event_type,
    steps.step_name
from {{ ref('stg_registry__funnels') }} as funnels
inner join {{ ref('stg_registry__funnel_steps') }} as steps on funnels.funnel_id = steps.funnel_id
