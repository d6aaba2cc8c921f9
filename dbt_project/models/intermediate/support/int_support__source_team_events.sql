-- Grain: one row a team that a ticket was given, at its creation or later, also after as_of; order within a moment as for
-- status events. `team_id` and `previous_team_id` are the tool's own, null for none or where the tool does not tell.
select
    'zendesk:ticket:' || ticket_id as ticket_id,
    event_id,
    child_number,
    group_id as team_id,
    previous_group_id as previous_team_id,
    occurred_at
from {{ ref('stg_zendesk__ticket_events') }}
where
    group_id is not null
    and ticket_id is not null
    and occurred_at is not null
union all
select
    'intercom:conversation:' || conversation_id as ticket_id,
    part_id as event_id,
    0 as child_number,
    assigned_team_id as team_id,
    cast(null as {{ dbt.type_string() }}) as previous_team_id,
    occurred_at
from {{ ref('stg_intercom__conversation_parts') }}
where
    assigned_team_id is not null
    and occurred_at is not null
