with entries as (
    {{ stage_latest(source('registry', 'funnels'), [
        ('id', 'funnel_id', 'text'),
        ('name', 'funnel_name', 'text'),
        ('product', 'product_id', 'text'),
        ('owner', 'owner', 'text'),
        ('window_days', 'window_days', 'integer'),
        ('steps', 'steps', 'json'),
    ]) }}
)

select
    funnel_id,
    funnel_name,
    product_id,
    owner,
    coalesce(steps, '[]') as steps,
    window_days
from entries
where not is_deleted
