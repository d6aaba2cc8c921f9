-- Quarantined events are counted nowhere. More than one in a hundred means a broken sender or a changed format.
select sum(counted) as quarantined_count, max(total) as raw_count
from {{ ref('int_usage__coverage') }}
where subject = 'events' and check_name like 'events_quarantined%'
having sum(counted) * 100 > max(total)
