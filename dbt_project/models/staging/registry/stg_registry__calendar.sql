with entries as (
    {{ stage_latest(source('registry', 'calendar'), [
        ('id', 'entry_id', 'text'),
        ('kind', 'kind', 'text'),
        ('name', 'entry_name', 'text'),
        ('days', 'weekdays', 'json'),
        ('opens', 'opens_at', 'text'),
        ('closes', 'closes_at', 'text'),
    ]) }}
)

select
    entry_id,
    kind,
    entry_name,
    coalesce(weekdays, '[]') as weekdays,
    opens_at,
    closes_at,
    case when kind = 'holiday' then {{ try_cast('entry_id', 'date') }} end as calendar_date
from entries
where not is_deleted
