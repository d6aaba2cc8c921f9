-- Grain: one row a launch that the registry declares, as it says now, and when it said so first. What was promised are the
-- day, the hypothesis, the features and the metrics with their targets: only a change of these is an edit. A launch that was
-- taken out of the file is not here.
with compared as (
    select
        *,
        lag(promise) over (partition by launch_id order by version_number asc) as promise_before,
        lead(version_number) over (partition by launch_id order by version_number asc) is null as is_latest
    from {{ ref('stg_registry__launch_versions') }}
),

moments as (
    select
        launch_id,
        min(case when not is_deleted then extracted_at end) as defined_at,
        max(case when promise <> promise_before then extracted_at end) as edited_at
    from compared
    group by launch_id
)

select
    compared.launch_id,
    compared.launch_name,
    compared.feature_ids,
    compared.owner,
    compared.launch_kind,
    compared.hypothesis,
    compared.primary_kpi,
    compared.further_kpis,
    compared.guardrails,
    compared.risks,
    compared.approvals,
    compared.retrospective,
    compared.communications,
    compared.actions,
    compared.planned_events,
    compared.planned_audience,
    compared.expected_tickets,
    compared.budget_home,
    {{ reporting_date('moments.defined_at') }} < compared.launched_on as is_defined_before,
    coalesce({{ reporting_date('moments.edited_at') }} >= compared.launched_on, false) as is_edited_after,
    {{ reporting_date('readings.first_read_at') }} >= compared.launched_on as is_launched_before_reading,
    compared.launched_on,
    moments.defined_at,
    moments.edited_at
from compared
inner join moments
    on compared.launch_id = moments.launch_id
cross join {{ ref('stg_registry__readings') }} as readings
where
    compared.is_latest
    and not compared.is_deleted
