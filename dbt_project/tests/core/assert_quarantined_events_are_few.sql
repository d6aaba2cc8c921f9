{{ config(severity='warn') }}
-- Quarantined events are counted nowhere. More than one in a hundred of a tool means a broken sender or a changed format;
-- a young tool gets there with one phone whose clock was never set, which is no reason to withhold what others sent.
select source, sum(counted) as quarantined_count, max(total) as raw_count
from {{ ref('int_usage__coverage') }}
where subject = 'events' and check_name like 'events_quarantined%'
group by source
having sum(counted) * 100 > max(total)
