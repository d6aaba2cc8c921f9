with entries as (
    {{ stage_latest(source('registry', 'features'), [
        ('id', 'feature_id', 'text'),
        ('formerly', 'former_ids', 'json'),
        ('name', 'feature_name', 'text'),
        ('product', 'product_id', 'text'),
        ('team', 'teams', 'text'),
        ('_ordinal', 'position_in_file', 'integer'),
        ('adoption_target', 'adoption_target', 'double'),
        ('live_from', 'live_from', 'date'),
        ('live_until', 'live_until', 'date'),
        ('launched_on', 'launched_on', 'date'),
        ('eligible_plans', 'eligible_plans', 'json'),
        ('events', 'event_rules', 'json'),
        ('epics', 'epic_keys', 'json'),
        ('ticket_tags', 'ticket_tags', 'json'),
        ('roadmap_items', 'roadmap_items', 'json'),
        ('flags', 'flags', 'json'),
        ('pages', 'pages', 'json'),
    ]) }}
)

select
    feature_id,
    coalesce(former_ids, '[]') as former_ids,
    feature_name,
    product_id,
    case when teams like '[%' then teams else '["' || teams || '"]' end as teams,
    coalesce(eligible_plans, '[]') as eligible_plans,
    coalesce(event_rules, '[]') as event_rules,
    coalesce(epic_keys, '[]') as epic_keys,
    coalesce(ticket_tags, '[]') as ticket_tags,
    coalesce(roadmap_items, '[]') as roadmap_items,
    coalesce(flags, '[]') as flags,
    coalesce(pages, '[]') as pages,
    row_number() over (order by position_in_file asc nulls last, feature_id asc) as ordinal,
    adoption_target,
    live_from,
    live_until,
    launched_on
from entries
where not is_deleted
