-- A build for a date counts what happened before it, however much was extracted since.
select ticket_id
from {{ ref('fct_ticket') }}
where
    created_date >= {{ as_of_date() }}
    or first_reply_date >= {{ as_of_date() }}
    or solved_date >= {{ as_of_date() }}
