-- A build for a date counts what happened before it, however much was extracted since.
select person_id, event_date
from {{ ref('fct_usage_daily') }}
where event_date >= {{ as_of_date() }}
