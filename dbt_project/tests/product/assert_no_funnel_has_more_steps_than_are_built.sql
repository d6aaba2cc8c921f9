-- int_usage__funnel_steps follows `funnel_most_steps` steps (dbt_project.yml): raise it when a funnel has more.
select funnel_id, step_number
from {{ ref('stg_registry__funnel_steps') }}
where step_number > {{ var('funnel_most_steps') }}
