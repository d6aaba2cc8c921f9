with entries as (
    {{ stage_latest(source('registry', 'calendar'), [
        ('id', 'entry_id', 'text'),
        ('kind', 'kind', 'text'),
        ('name', 'entry_name', 'text'),
        ('days', 'weekdays', 'json'),
        ('opens', 'opens_at', 'text'),
        ('closes', 'closes_at', 'text'),
        ('schedule', 'schedule_id', 'text'),
        ('time_zone', 'time_zone', 'text'),
        ('teams', 'teams', 'json'),
        ('brands', 'brands', 'json'),
        ('products', 'products', 'json'),
        ('schedules', 'schedules', 'json'),
    ]) }}
)

select
    entry_id,
    kind,
    entry_name,
    coalesce(weekdays, '[]') as weekdays,
    opens_at,
    closes_at,
    case when kind = 'business_hours' then coalesce(schedule_id, 'default') end as schedule_id,
    case when kind = 'business_hours' then coalesce(time_zone, '{{ var("reporting_time_zone") }}') end as time_zone,
    coalesce(teams, '[]') as teams,
    coalesce(brands, '[]') as brands,
    coalesce(products, '[]') as products,
    coalesce(schedules, '[]') as schedules,
    case when kind = 'holiday' then {{ try_cast('entry_id', 'date') }} end as calendar_date
from entries
where not is_deleted
