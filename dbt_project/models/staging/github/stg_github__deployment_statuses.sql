-- Grain: one row a status that a deployment got by as_of.
with statuses as (
    {{ stage_latest(raw('github', 'deployment_statuses'), [
        ('deployment_url', 'address', 'text'),
        ('state', 'deployment_state', 'text'),
        ('created_at', 'created_at', 'timestamp'),
    ]) }}
)

select
    record_id as status_id,
    {{ qualified(github_address_part('address', 4)) }} as deployment_id,
    lower(deployment_state) as deployment_state,
    created_at
from statuses
where
    not is_deleted
    and created_at < {{ as_of_at() }}
