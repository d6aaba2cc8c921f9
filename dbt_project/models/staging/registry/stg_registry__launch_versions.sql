with versions as (
    {{ stage_records(source('registry', 'launches'), [
        ('id', 'launch_id', 'text'),
        ('name', 'launch_name', 'text'),
        ('features', 'feature_ids', 'json'),
        ('owner', 'owner', 'text'),
        ('kind', 'launch_kind', 'text'),
        ('hypothesis', 'hypothesis', 'text'),
        ('primary', 'primary_kpi', 'json'),
        ('further', 'further_kpis', 'json'),
        ('guardrails', 'guardrails', 'json'),
        ('risks', 'risks', 'json'),
        ('approvals', 'approvals', 'json'),
        ('retrospective', 'retrospective', 'text'),
        ('communications', 'communications', 'json'),
        ('actions', 'actions', 'json'),
        ('events', 'planned_events', 'json'),
        ('expected_tickets', 'expected_tickets', 'integer'),
        ('planned_audience', 'planned_audience', 'integer'),
        ('budget', 'budget_home', 'double'),
        ('launched_on', 'launched_on', 'date'),
    ], ['load_id', 'record_hash']) }}
)

select
    launch_id,
    launch_name,
    coalesce(feature_ids, '[]') as feature_ids,
    owner,
    launch_kind,
    hypothesis,
    primary_kpi,
    coalesce(further_kpis, '[]') as further_kpis,
    coalesce(guardrails, '[]') as guardrails,
    coalesce(risks, '[]') as risks,
    coalesce(approvals, '[]') as approvals,
    retrospective,
    coalesce(communications, '[]') as communications,
    coalesce(actions, '[]') as actions,
    coalesce(planned_events, '[]') as planned_events,
    cast(launched_on as {{ dbt.type_string() }}) || hypothesis || primary_kpi || coalesce(feature_ids, '[]')
    || coalesce(further_kpis, '[]') || coalesce(guardrails, '[]') as promise,
    row_number() over (
        partition by launch_id
        order by extracted_at asc, load_id asc, record_hash asc
    ) as version_number,
    planned_audience,
    expected_tickets,
    budget_home,
    is_deleted,
    launched_on,
    extracted_at
from versions
