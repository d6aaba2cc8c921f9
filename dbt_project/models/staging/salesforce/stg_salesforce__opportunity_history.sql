-- Grain: one row a change of an opportunity's stage, amount or close date before as_of.
with changes as (
    {{ stage_as_of(raw('salesforce', 'opportunity_history'), [
        ('OpportunityId', 'opportunity_id', 'id'),
        ('StageName', 'stage', 'text'),
        ('CreatedDate', 'changed_at', 'timestamp'),
    ], 'changed_at') }}
)

select
    record_id as history_id,
    opportunity_id,
    stage,
    changed_at
from changes
where changed_at < {{ as_of_at() }}
