-- Grain: one row an experiment that the registry declares, as it says now, and when it said so first. What was promised are the
-- days, the hypothesis, the variants and the effects with their bounds: only a change of these is an edit. An experiment that was
-- taken out of the file is not here.
with compared as (
    select
        *,
        lag(promise) over (partition by experiment_id order by version_number asc) as promise_before,
        lead(version_number) over (partition by experiment_id order by version_number asc) is null as is_latest
    from {{ ref('stg_registry__experiment_versions') }}
),

moments as (
    select
        experiment_id,
        min(case when not is_deleted then extracted_at end) as defined_at,
        max(case when promise <> promise_before then extracted_at end) as edited_at
    from compared
    group by experiment_id
)

select
    compared.experiment_id,
    compared.experiment_name,
    compared.flag_key,
    compared.hypothesis,
    compared.owner,
    compared.product_id,
    compared.stop_reason,
    compared.variants,
    compared.primary_effect,
    compared.further_effects,
    compared.guardrails,
    compared.exposure,
    compared.planned_sample,
    {{ reporting_date('moments.defined_at') }} < compared.started_on as is_defined_before,
    coalesce({{ reporting_date('moments.edited_at') }} >= compared.started_on, false) as is_edited_after,
    compared.started_on,
    compared.planned_end_on,
    compared.stopped_on,
    moments.defined_at,
    moments.edited_at
from compared
inner join moments
    on compared.experiment_id = moments.experiment_id
where
    compared.is_latest
    and not compared.is_deleted
