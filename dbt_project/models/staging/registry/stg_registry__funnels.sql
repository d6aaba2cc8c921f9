with entries as (
    {{ stage_latest(source('registry', 'funnels'), [
        ('id', 'funnel_id', 'text'),
        ('formerly', 'former_ids', 'json'),
        ('name', 'funnel_name', 'text'),
        ('product', 'product_id', 'text'),
        ('owner', 'owner', 'text'),
        ('window_days', 'window_days', 'integer'),
        ('window_hours', 'window_hours', 'integer'),
        ('steps', 'steps', 'json'),
    ]) }}
)

select
    funnel_id,
    coalesce(former_ids, '[]') as former_ids,
    funnel_name,
    product_id,
    owner,
    coalesce(steps, '[]') as steps,
    window_days,
    coalesce(window_hours, 24 * window_days) as window_hours
from entries
where not is_deleted
