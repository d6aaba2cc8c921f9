-- Grain: one row an experiment: those that the registry declares, and those of the tools that no entry declares, of which nobody
-- said what was expected. Who was shown two variants is counted apart and in none of them.
with people as (
    select
        experiment_id,
        sum(case when is_in_two_variants then 0 else 1 end) as exposed_count,
        sum(case when is_in_two_variants then 1 else 0 end) as two_variants_count
    from {{ ref('fct_exposure') }}
    group by experiment_id
)

select
    experiments.experiment_id,
    experiments.experiment_name,
    experiments.source,
    experiments.flag_key,
    experiments.product_id,
    experiments.owner,
    experiments.hypothesis,
    experiments.url,
    experiments.state,
    experiments.stop_reason,
    experiments.planned_sample,
    cast(coalesce(people.exposed_count, 0) as bigint) as exposed_count,
    cast(coalesce(people.two_variants_count, 0) as bigint) as two_variants_count,
    experiments.is_declared,
    experiments.is_defined_before,
    experiments.is_edited_after,
    experiments.is_stopped_early,
    {{ reporting_date('experiments.started_at') }} as started_on,
    {{ reporting_date(add_time('second', -1, 'experiments.planned_end_at')) }} as planned_end_on,
    {{ reporting_date(add_time('second', -1, 'experiments.ended_at')) }} as stopped_on,
    experiments.defined_at,
    experiments.edited_at
from {{ ref('int_learning__experiments') }} as experiments
left join people
    on experiments.experiment_id = people.experiment_id
